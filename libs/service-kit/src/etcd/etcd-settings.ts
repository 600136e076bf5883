/** Texts by the name that they have in the environment. */
export type Settings = Readonly<Record<string, string>>;

/** Folders and keys that installations have from elsewhere. */
export const wellKnownPlaces = ['/secret/cluster', '/thanos_query'] as const;

/** Which process it is, is not for a value that all of them share to say. */
const ownOfProcess = new Set(['HOST', 'PORT', 'ADMIN_PORT']);

/** `/thanos_query` is an URL, or a folder with `host` and `port`. */
function thanosQuery(keys: ReadonlyMap<string, string>): string | undefined {
  const [host, port] = [keys.get('/thanos_query/host'), keys.get('/thanos_query/port')];
  return keys.get('/thanos_query') ?? (host && port ? `http://${host}:${port}` : undefined);
}

/**
 * The settings of a service that are in etcd. `<prefix>/<service>/<NAME>` wins over `<prefix>/<NAME>`, and that over what is known by another
 * name: `/secret/cluster` is CLUSTER_SECRET, `/thanos_query` is METRICS_QUERY_URL. Names that the service does not have are somebody else's.
 */
export function settingsOf(
  keys: ReadonlyMap<string, string>,
  { prefix, service, names }: { readonly prefix: string; readonly service: string; readonly names: readonly string[] },
): Settings {
  const aliases: Readonly<Record<string, string | undefined>> = {
    CLUSTER_SECRET: keys.get('/secret/cluster'),
    METRICS_QUERY_URL: thanosQuery(keys),
  };
  const found = names
    .filter((name) => !ownOfProcess.has(name) && !name.startsWith('ETCD_'))
    .map(
      (name) =>
        [name, keys.get(`${prefix}/${service}/${name}`) ?? keys.get(`${prefix}/${name}`) ?? aliases[name]] as const,
    )
    .filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '');
  return Object.fromEntries(found);
}

/** Of these settings what the environment leaves open: it wins, by value or by file; an empty text is absent. */
export function openSettings(settings: Settings, environment: Readonly<Record<string, string | undefined>>): Settings {
  const isSet = (name: string): boolean =>
    (environment[name] ?? '') !== '' || (environment[`${name}_FILE`] ?? '') !== '';
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !isSet(name)));
}

/** Names whose values differ. */
export function changedNames(before: Settings, after: Settings): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).sort();
}
