import { AppError } from '@cloudtuner/errors';

interface OfCluster {
  readonly properties: { readonly cluster: string | null } | null;
}

/** Whether a row belongs to what was asked for. @throws AppError `kubecost-answer-unexpected` when that cannot be told */
export type ClusterCheck = (row: OfCluster) => boolean;

const cannotTell = (why: string): AppError =>
  new AppError(
    'kubecost-answer-unexpected',
    `Kubecost ${why}, and which are the account’s cannot be told: name its \`kubecost_cluster_id\`.`,
  );

/**
 * Keeps the answer of a Kubecost that knows several clusters from being taken for one of them. Each answer needs a check of its own.
 *
 * `clusterId` null: nobody has said which cluster it is, so an answer may hold only one, whichever. A row that names no cluster may be a
 * sum over several where rows are `groups`; of `assets` it is the bill of a cloud, which is no cluster's.
 */
export function createClusterCheck(clusterId: string | null, rows: 'containers' | 'groups' | 'assets'): ClusterCheck {
  let wanted = clusterId;
  return ({ properties }) => {
    const cluster = properties?.cluster ?? '';
    if (cluster === '' && rows === 'assets') return true;
    if (cluster === '' && rows === 'groups') throw cannotTell('answered sums that name no cluster');
    wanted ??= cluster;
    if (cluster === wanted) return true;
    if (clusterId === null) throw cannotTell('answered rows of several clusters');
    return false;
  };
}
