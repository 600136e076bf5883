import { readFileSync } from 'node:fs';
import { defineConfig, type ConfigOf } from '../config/config';
import { env, type Field } from '../config/fields';

interface EtcdFields {
  readonly ETCD_URL: Field<string | undefined>;
  readonly ETCD_PREFIX: Field<string>;
  readonly ETCD_USERNAME: Field<string | undefined>;
  readonly ETCD_PASSWORD: Field<string | undefined>;
  readonly ETCD_TLS_CA_FILE: Field<string | undefined>;
  readonly ETCD_TLS_CERT_FILE: Field<string | undefined>;
  readonly ETCD_TLS_KEY_FILE: Field<string | undefined>;
  readonly ETCD_TIMEOUT_SECONDS: Field<number>;
}

/** The variables of a service whose other settings may come from etcd. They themselves come from the environment alone. */
export function etcdConfig(): EtcdFields {
  return {
    ETCD_URL: env.optionalString(
      'etcd that settings are read from which the environment does not have: client URLs, separated by commas; without it none are.',
    ),
    ETCD_PREFIX: env.string(
      'Where settings are in etcd: `<prefix>/<NAME>`, or `<prefix>/<service>/<NAME>`, which wins.',
      {
        default: '/cloudtuner',
      },
    ),
    ETCD_USERNAME: env.optionalString('User of etcd who may read them.'),
    ETCD_PASSWORD: env.optionalSecret('Password of that user.'),
    ETCD_TLS_CA_FILE: env.optionalString(
      'PEM file of the CA that signed etcd’s certificate, if it is not a public one.',
    ),
    ETCD_TLS_CERT_FILE: env.optionalString('PEM file of our client certificate.'),
    ETCD_TLS_KEY_FILE: env.optionalString('PEM file of the key of our client certificate.'),
    ETCD_TIMEOUT_SECONDS: env.integer('How long the start waits for etcd.', { default: 30, min: 1, max: 600 }),
  };
}

const definition = defineConfig({ ...etcdConfig() });

/** How etcd is reached. */
export interface EtcdOptions {
  readonly hosts: readonly string[];
  readonly prefix: string;
  readonly auth?: { readonly username: string; readonly password: string };
  readonly tls?: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  readonly timeoutMs: number;
}

function tlsOf(config: ConfigOf<typeof definition>): EtcdOptions['tls'] {
  const read = (path: string | undefined): Buffer | undefined => (path === undefined ? undefined : readFileSync(path));
  const [ca, cert, key] = [config.ETCD_TLS_CA_FILE, config.ETCD_TLS_CERT_FILE, config.ETCD_TLS_KEY_FILE].map(read);
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/**
 * How the environment says that etcd is reached; undefined when it names none.
 *
 * @throws ConfigError
 */
export function etcdOptions(environment: Readonly<Record<string, string | undefined>>): EtcdOptions | undefined {
  const config = definition.parse(environment);
  const { ETCD_URL, ETCD_USERNAME, ETCD_PASSWORD = '' } = config;
  if (ETCD_URL === undefined) return undefined;
  const tls = tlsOf(config);
  return {
    hosts: ETCD_URL.split(',').map((url) => url.trim()),
    prefix: config.ETCD_PREFIX.replace(/\/+$/, ''),
    timeoutMs: config.ETCD_TIMEOUT_SECONDS * 1_000,
    ...(ETCD_USERNAME === undefined ? {} : { auth: { username: ETCD_USERNAME, password: ETCD_PASSWORD } }),
    ...(tls === undefined ? {} : { tls }),
  };
}
