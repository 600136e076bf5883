import type { ExportedRow } from '../domain/exported-row';

/** A row of a container that ran an hour and cost a dollar of CPU, unless told otherwise. */
export function rowOf(fields: Partial<ExportedRow> = {}): ExportedRow {
  return {
    clusterId: 'c',
    namespace: 'shop',
    pod: 'web-1',
    container: 'web',
    node: 'n1',
    controllerKind: 'deployment',
    controller: 'web',
    podLabels: {},
    minutes: 60,
    endMs: null,
    costs: { cpu: 1 },
    quantities: { cpuCoreHours: 2 },
    ...fields,
  };
}
