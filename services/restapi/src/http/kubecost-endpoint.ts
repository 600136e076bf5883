import { AppError } from '@cloudtuner/errors';
import type { EndpointPolicy } from '@cloudtuner/kubecost-client';
import type { CloudAccount, KubecostConnection, KubecostSchedules } from '@cloudtuner/metadata';
import { cronFault } from '@cloudtuner/queues';

/** Says what is wrong with an address; null when it may be used. */
export type EndpointCheck = Pick<EndpointPolicy, 'fault'>;

interface KubecostBody {
  readonly kubecost_endpoint?: string | null | undefined;
  readonly kubecost_cluster_id?: string | null | undefined;
  readonly kubecost_schedules?: KubecostSchedules | undefined;
}

const invalid = (field: string, message: string): AppError =>
  new AppError('invalid-request', `body ${field}: ${message}`, { details: [{ in: 'body', field, message }] });

function checkSchedules(schedules: KubecostSchedules): void {
  for (const [kind, cron] of Object.entries(schedules)) {
    const fault = cron === undefined ? null : cronFault(cron);
    if (fault !== null) throw invalid(`kubecost_schedules.${kind}`, fault);
  }
}

/**
 * The connection that a request wants an account to have; undefined when it leaves it as it is, null when there shall be none.
 *
 * @throws AppError `kubecost-endpoint-refused`, `invalid-request`
 */
export function kubecostChange(request: {
  readonly body: KubecostBody;
  readonly account: Pick<CloudAccount, 'organizationId' | 'type' | 'kubecost'>;
  readonly endpoints: EndpointCheck;
  readonly now: Date;
}): KubecostConnection | null | undefined {
  const { body, account, endpoints, now } = request;
  const { kubecost_endpoint: wished, kubecost_cluster_id: wishedId, kubecost_schedules: schedules } = body;
  if (wished === undefined && wishedId === undefined && schedules === undefined) return undefined;
  if (account.type !== 'kubernetes_cnr') throw invalid('kubecost_endpoint', 'only a Kubernetes cluster has a Kubecost');
  const endpoint = wished === undefined ? (account.kubecost?.endpoint ?? null) : wished;
  checkSchedules(schedules ?? {});
  if (endpoint === null) {
    if (schedules !== undefined) throw invalid('kubecost_schedules', 'there is no endpoint to be read');
    if (wishedId) throw invalid('kubecost_cluster_id', 'there is no endpoint to be read');
    return null;
  }
  const fault = endpoints.fault(endpoint, account.organizationId);
  if (fault !== null) {
    const details = [{ in: 'body', field: 'kubecost_endpoint', message: fault }];
    throw new AppError('kubecost-endpoint-refused', `The address of Kubecost ${fault}.`, { details });
  }
  const isSame = endpoint === account.kubecost?.endpoint;
  const clusterId = wishedId === undefined ? account.kubecost?.clusterId : (wishedId ?? undefined);
  return {
    endpoint,
    ...(clusterId === undefined ? {} : { clusterId }),
    schedules: schedules ?? account.kubecost?.schedules ?? {},
    configuredAt: isSame ? account.kubecost.configuredAt : now,
  };
}
