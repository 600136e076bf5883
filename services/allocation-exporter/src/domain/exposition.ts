import {
  kubecostContainerLabels,
  kubecostQuantities,
  kubecostSeriesNames,
  type KubecostWindow,
} from '@cloudtuner/cost-model';
import type { ExportedAsset } from './exported-asset';
import { costOf, type ExportedRow } from './exported-row';
import type { ServedHour } from './hour';
import type { PodRate } from './rates';

/** Everything that one scrape gives. */
export interface Exposed {
  readonly running: ServedHour | undefined;
  readonly closed: ServedHour | undefined;
  readonly podRates: readonly PodRate[];
  readonly sources: readonly {
    readonly source: 'allocation' | 'assets';
    readonly isUp: boolean;
    /** Undefined when it never was. */
    readonly lastSuccessMs: number | undefined;
  }[];
}

type Labels = readonly (readonly [string, string])[];

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');

/** `a="1",b="2"`; what is empty is left out, as an empty label is none. */
function labelText(labels: Labels): string {
  return labels
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');
}

const line = (name: string, labels: string, value: number): string => `${name}{${labels}} ${String(value)}\n`;

function family(name: string, help: string): string {
  return `# TYPE ${name} gauge\n# HELP ${name} ${help}\n`;
}

function containerText(row: ExportedRow): string {
  const values = [row.clusterId, row.namespace, row.pod, row.container, row.node];
  return labelText(kubecostContainerLabels.map((label, index) => [label, values[index] ?? '']));
}

interface WindowedRow {
  readonly row: ExportedRow;
  readonly labels: string;
}

interface WindowedHour {
  readonly window: KubecostWindow;
  readonly hour: ServedHour;
  readonly rows: readonly WindowedRow[];
}

function windowed(window: KubecostWindow, hour: ServedHour | undefined): WindowedHour[] {
  if (hour === undefined) return [];
  const rows = hour.rows.map((row) => ({ row, labels: `${containerText(row)},window="${window}"` }));
  return [{ window, hour, rows }];
}

const quantityHelp: Readonly<Record<(typeof kubecostQuantities)[number], string>> = {
  cpuCoreHours: 'Core-hours allocated in the hour of the window.',
  ramByteHours: 'Byte-hours of memory allocated in the hour of the window.',
  gpuHours: 'GPU-hours allocated in the hour of the window.',
  pvByteHours: 'Byte-hours of volumes allocated in the hour of the window.',
  networkTransferBytes: 'Bytes sent in the hour of the window.',
  networkReceiveBytes: 'Bytes received in the hour of the window.',
};

function* allocationLines(hours: readonly WindowedHour[]): Generator<string> {
  const all = hours.flatMap(({ rows }) => rows);
  yield family(kubecostSeriesNames.cost, 'Cost of a container in the hour of the window, by resource.');
  for (const { row, labels } of all) {
    for (const [resource, cost] of Object.entries(row.costs)) {
      yield line(kubecostSeriesNames.cost, `${labels},resource="${resource}"`, cost);
    }
  }
  yield family(kubecostSeriesNames.minutes, 'Minutes that a container ran in the hour of the window.');
  for (const { row, labels } of all) yield line(kubecostSeriesNames.minutes, labels, row.minutes);
  for (const quantity of kubecostQuantities) {
    const name = kubecostSeriesNames[quantity];
    yield family(name, quantityHelp[quantity]);
    for (const { row, labels } of all) {
      const value = row.quantities[quantity];
      if (value !== undefined) yield line(name, labels, value);
    }
  }
}

function* windowLines(hours: readonly WindowedHour[]): Generator<string> {
  const gauges: readonly (readonly [string, string, (hour: ServedHour) => number])[] = [
    [
      kubecostSeriesNames.windowStart,
      'When the hour of the window begins, unix seconds.',
      ({ startMs }) => startMs / 1000,
    ],
    [kubecostSeriesNames.windowRows, 'Containers in the window.', ({ rows }) => rows.length],
    [
      kubecostSeriesNames.windowCost,
      'All costs of the window.',
      ({ rows }) => rows.reduce((sum, row) => sum + costOf(row), 0),
    ],
    [
      'kubecost_allocation_folded_pods',
      'Pods of the window without series of their own.',
      ({ foldedPods }) => foldedPods,
    ],
    ['kubecost_allocation_folded_cost', 'What the folded pods of the window cost.', ({ foldedCost }) => foldedCost],
  ];
  for (const [name, help, valueOf] of gauges) {
    yield family(name, help);
    for (const { window, hour } of hours) yield line(name, `window="${window}"`, valueOf(hour));
  }
}

const podLabelName = (name: string): string => `label_${name.replaceAll(/[^a-zA-Z0-9_]/g, '_')}`;

function* podLines(rates: readonly PodRate[]): Generator<string> {
  const pods = rates.map((rate) => {
    const { clusterId, namespace, pod, node } = rate;
    return {
      rate,
      labels: labelText([
        ['cluster_id', clusterId],
        ['namespace', namespace],
        ['pod', pod],
        ['node', node],
      ]),
    };
  });
  yield family('kubecost_pod_hourly_cost', 'What a pod costs an hour at present, by resource.');
  for (const { rate, labels } of pods) {
    for (const [resource, cost] of Object.entries(rate.hourlyCosts)) {
      yield line('kubecost_pod_hourly_cost', `${labels},resource="${resource}"`, cost);
    }
  }
  yield family('kubecost_pod_info', 'What a pod belongs to.');
  for (const { rate, labels } of pods) {
    const owner: Labels = [
      ['controller_kind', rate.controllerKind],
      ['controller', rate.controller],
    ];
    const own = Object.entries(rate.podLabels).map(([name, value]) => [podLabelName(name), value] as const);
    yield line('kubecost_pod_info', [labels, labelText([...owner, ...own])].filter((text) => text !== '').join(), 1);
  }
}

function assetText({ clusterId, type, name, providerId }: ExportedAsset): string {
  return labelText([
    ['cluster_id', clusterId],
    ['type', type],
    ['name', name],
    ['provider_id', providerId],
  ]);
}

function* assetLines(hours: readonly WindowedHour[], running: ServedHour | undefined): Generator<string> {
  yield family('kubecost_asset_cost', 'Cost of an asset in the hour of the window.');
  for (const { window, hour } of hours) {
    for (const asset of hour.assets ?? [])
      yield line('kubecost_asset_cost', `${assetText(asset)},window="${window}"`, asset.cost);
  }
  const current = (running?.assets ?? []).map((asset) => ({ asset, labels: assetText(asset) }));
  const gauges: readonly (readonly [string, string, (asset: ExportedAsset) => number | null])[] = [
    [
      'kubecost_asset_hourly_cost',
      'What an asset costs an hour at present.',
      ({ cost, minutes }) => (minutes > 0 ? (cost / minutes) * 60 : null),
    ],
    ['kubecost_asset_cpu_cores', 'Cores of a node.', ({ cpuCores }) => cpuCores],
    ['kubecost_asset_ram_bytes', 'Memory of a node.', ({ ramBytes }) => ramBytes],
    ['kubecost_asset_gpus', 'GPUs of a node.', ({ gpus }) => gpus],
    ['kubecost_asset_disk_bytes', 'Size of a disk.', ({ diskBytes }) => diskBytes],
  ];
  for (const [name, help, valueOf] of gauges) {
    yield family(name, help);
    for (const { asset, labels } of current) {
      const value = valueOf(asset);
      if (value !== null) yield line(name, labels, value);
    }
  }
  yield family('kubecost_asset_info', 'What an asset is.');
  for (const { asset, labels } of current) {
    const about = labelText([
      ['category', asset.category],
      ['node_type', asset.nodeType],
      ['storage_class', asset.storageClass],
    ]);
    yield line('kubecost_asset_info', [labels, about].filter((text) => text !== '').join(), 1);
  }
}

function* sourceLines(sources: Exposed['sources']): Generator<string> {
  yield family('kubecost_exporter_up', 'Whether Kubecost answered when it was last asked.');
  for (const { source, isUp } of sources) yield line('kubecost_exporter_up', `source="${source}"`, isUp ? 1 : 0);
  yield family('kubecost_exporter_last_success_seconds', 'When Kubecost last answered, unix seconds.');
  for (const { source, lastSuccessMs } of sources) {
    if (lastSuccessMs !== undefined) {
      yield line('kubecost_exporter_last_success_seconds', `source="${source}"`, lastSuccessMs / 1000);
    }
  }
}

/**
 * The text of one scrape, line by line. Only gauges, so it is valid as OpenMetrics 1.0 and as the older text format.
 *
 * **Source**: OpenMetrics 1.0, "Text format": the lines of a family stand together, `# EOF` ends it.
 */
export function* expositionLines({ running, closed, podRates, sources }: Exposed): Generator<string> {
  const hours = [...windowed('running', running), ...windowed('closed', closed)];
  yield* allocationLines(hours);
  yield* windowLines(hours);
  yield* podLines(podRates);
  yield* assetLines(hours, running);
  yield* sourceLines(sources);
  yield '# EOF\n';
}
