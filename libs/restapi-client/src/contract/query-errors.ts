/** What a query over stored facts may end with. */
export const queryErrors = [
  'clickhouse-query-timeout',
  'clickhouse-query-too-large',
  'clickhouse-schema-missing',
  'clickhouse-unavailable',
] as const;

/** The same, over a window. */
export const windowErrors = [...queryErrors, 'invalid-window', 'range-too-long'] as const;

/** The same, by groups. */
export const groupErrors = [
  ...windowErrors,
  'aggregate-invalid',
  'facts-incomplete',
  'filter-invalid',
  'step-invalid',
] as const;

/** What a Kubecost that has to be asked (`source=live`) may fail with. */
const kubecostErrors = [
  'kubecost-answer-empty',
  'kubecost-answer-too-large',
  'kubecost-answer-unexpected',
  'kubecost-busy',
  'kubecost-cannot-answer',
  'kubecost-circuit-open',
  'kubecost-endpoint-refused',
  'kubecost-not-configured',
  'kubecost-not-offered',
  'kubecost-rejected',
  'kubecost-timeout',
  'kubecost-unavailable',
] as const;

/** Over a window, where a Kubecost may have to be asked. */
export const liveWindowErrors = [...windowErrors, ...kubecostErrors] as const;

/** The same, by groups. */
export const liveErrors = [...groupErrors, ...kubecostErrors] as const;

/** What a question to the store of metrics may end with, beside the window. */
export const usageErrors = [
  ...groupErrors,
  'metroculus-rejected',
  'metroculus-timeout',
  'metroculus-unavailable',
] as const;

/** The same, where a Kubecost may have to be asked for what things cost. */
export const liveUsageErrors = [...usageErrors, ...kubecostErrors] as const;
