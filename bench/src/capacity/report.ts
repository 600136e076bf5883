import { renderTable } from '../table';
import { capacityOf } from './model';
import { imbalance, ketama, movedShare, remainder, skewedTenants } from './ring';

const podCounts = [1_000, 100_000, 1_000_000] as const;
const tenantCount = 10_000;
const totalPods = 1_000_000;
/** From tenants of much the same size to a few that have nearly everything. */
const exponents = [0.6, 0.8, 1] as const;
const shardCounts = [2, 4, 8, 16] as const;
const resizes = [
  [3, 4],
  [4, 5],
  [8, 9],
  [8, 12],
] as const;
const sampledSeries = 50_000;

const whole = (figure: number): string => Math.round(figure).toLocaleString('en-US');
const short = (figure: number): string => (figure < 10 ? figure.toFixed(2) : whole(figure));
const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

function machines(): string {
  const rows = podCounts
    .map(capacityOf)
    .map((capacity) => [
      whole(capacity.pods),
      whole(capacity.samplesPerSecond),
      short(capacity.gatewayCores),
      short(capacity.receiveCores),
      short(capacity.receiveGib),
      short(capacity.pricingCores),
      short(capacity.bucketGibPerMonth),
      short(capacity.clickhouseGibPerYear),
      whole(capacity.dollarsPerMonth),
    ]);
  return renderTable([
    [
      'pods',
      'samples/s',
      'diproxy cores',
      'Receive cores',
      'Receive GiB',
      'pricing cores',
      'bucket GiB/month',
      'ClickHouse GiB/year',
      '$/month',
    ],
    ...rows,
  ]);
}

function resizing(): string {
  const keys = Array.from({ length: sampledSeries }, (_, index) => `series-${String(index)}`);
  return renderTable([
    ['members of Receive', 'series moved, ketama', 'series moved, hashmod'],
    ...resizes.map(([before, after]) => [
      `${String(before)} → ${String(after)}`,
      percent(movedShare(keys, ketama(before), ketama(after))),
      percent(movedShare(keys, remainder(before), remainder(after))),
    ]),
  ]);
}

function sharding(): string {
  const rows = exponents.map((exponent) => {
    const tenants = skewedTenants(tenantCount, totalPods, exponent);
    const largest = tenants[0]?.weight ?? 0;
    return [
      `1 ÷ rank^${String(exponent)}`,
      whole(largest),
      ...shardCounts.map((shards) => imbalance(tenants, shards, remainder(shards)).toFixed(2)),
    ];
  });
  return renderTable([
    ['sizes of tenants', 'pods of the largest', ...shardCounts.map((shards) => `${String(shards)} shards`)],
    ...rows,
  ]);
}

/** The tables of `docs/capacity.md`: arithmetic and simulation, the same at every run. */
export function capacityReport(): string {
  return [
    'What pods need (samples kept for a month, pod-hours for a year)',
    machines(),
    'Series that move when the hashring of Thanos Receive is resized',
    resizing(),
    `Fullest shard ÷ mean shard of ClickHouse, ${whole(tenantCount)} tenants with ${whole(totalPods)} pods`,
    sharding(),
  ].join('\n\n');
}
