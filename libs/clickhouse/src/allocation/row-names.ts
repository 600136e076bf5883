import type { QueryParams } from '../client-port';

/** What rows can be named by in SQL. */
export type NamedPart =
  'cluster' | 'node' | 'provider_id' | 'namespace' | 'controller_kind' | 'controller' | 'pod' | 'container';

/** How rows are named: the parts in order, and the name of the cluster. */
export interface RowNames {
  readonly parts: readonly NamedPart[];
  readonly cluster: string;
}

const partOf = (part: NamedPart, alias: string): string => {
  const column = `${alias}.${part}`;
  const isUnused = `${alias}.kind = 'unattributed' AND ${alias}.asset_type IN ('disk', 'load_balancer')`;
  switch (part) {
    case 'cluster':
      return '{clusterName:String}';
    case 'namespace':
    case 'pod':
    case 'container':
      return `if(${column} = '', if(${isUnused}, '__unmounted__', '__unallocated__'), toString(${column}))`;
    case 'controller':
      return `multiIf(${column} = '', '__unallocated__', ${alias}.controller_kind = '', ${column}, concat(${alias}.controller_kind, ':', ${column}))`;
    default:
      return `if(${column} = '', '__unallocated__', toString(${column}))`;
  }
};

/** The name of a row: values joined by `/`, as cost-model names rows; all idle is one. */
export function nameOf({ parts }: RowNames, alias: string): string {
  const values = parts.map((part) => partOf(part, alias));
  return `if(${alias}.kind = 'idle', '__idle__', arrayStringConcat([${values.join(', ')}], '/'))`;
}

/** Values of the parameters of {@link nameOf}. */
export function nameParams({ parts, cluster }: RowNames): QueryParams {
  return parts.includes('cluster') ? { clusterName: cluster } : {};
}

const placeholders: ReadonlySet<string> = new Set(['__idle__', '__unallocated__', '__unmounted__']);

/**
 * The pods that rows of these names can be of; null when the names do not say. Pods are compared as they are stored, which costs a fraction of
 * making the name of every row.
 */
export function podsOf({ parts }: RowNames, names: readonly string[]): readonly string[] | null {
  const index = parts.indexOf('pod');
  if (index < 0) return null;
  const pods = new Set<string>();
  for (const name of names) {
    const values = name.split('/');
    if (name !== '__idle__' && values.length !== parts.length) return null;
    const pod = values[index];
    if (pod !== undefined) pods.add(pod);
    // What has no pod is named by a placeholder, which may also be what a pod is called.
    if (pod === undefined || placeholders.has(pod) || name === '__idle__') pods.add('');
  }
  return [...pods];
}
