import fc from 'fast-check';
import { metricFamilies } from './metric-families';
import { profiles, type ProfileName } from './profiles';
import { createSampleCluster, type SampleCluster } from './sample-cluster';
import type { Label, SeriesValue } from './series';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** A Wednesday. */
const NOON_MS = Date.UTC(2026, 8, 16, 12);

const clusterOf = (profile: ProfileName, seed = 7): SampleCluster =>
  createSampleCluster({ seed, name: `${profile} cluster`, clusterId: `${profile}-1`, profile });
/** Label arrays are reused from instant to instant, so their text is worth keeping. */
const texts = new WeakMap<readonly Label[], string>();
function textOf(labels: readonly Label[]): string {
  const text = texts.get(labels) ?? labels.map(({ name, value }) => `${name}=${value}`).join('|');
  texts.set(labels, text);
  return text;
}
const labelOf = (labels: readonly Label[], name: string): string | undefined =>
  labels.find((label) => label.name === name)?.value;
const byText = (series: Iterable<SeriesValue>): Map<string, number> =>
  new Map([...series].map(({ labels, value }) => [textOf(labels), value]));

const profileNames = Object.keys(profiles) as ProfileName[];
const clusters = new Map(profileNames.map((profile) => [profile, clusterOf(profile)]));
const known = (profile: ProfileName): SampleCluster => clusters.get(profile) ?? clusterOf(profile);

describe.each(profileNames)('the %s cluster', (profile) => {
  const cluster = known(profile);

  it('is the same cluster again for the same seed, and another one for another seed', () => {
    expect(byText(clusterOf(profile).seriesAt(NOON_MS + 12_345))).toEqual(byText(cluster.seriesAt(NOON_MS + 12_345)));
    expect(byText(clusterOf(profile, 8).seriesAt(NOON_MS))).not.toEqual(byText(cluster.seriesAt(NOON_MS)));
  });

  it('has between 600 and 900 series at any time of a week', () => {
    const counts = Array.from({ length: 160 }, (_, index) => {
      let count = 0;
      for (const { value } of cluster.seriesAt(NOON_MS + index * 63 * MINUTE_MS))
        count += Number.isFinite(value) ? 1 : 0;
      return count;
    });

    expect(Math.min(...counts)).toBeGreaterThanOrEqual(600);
    expect(Math.max(...counts)).toBeLessThanOrEqual(900);
  });

  it('exposes every metric family within an hour, and no other', () => {
    const seen = new Set<string | undefined>();
    for (let minute = 0; minute < 60; minute++) {
      for (const { labels } of cluster.seriesAt(NOON_MS + minute * MINUTE_MS)) seen.add(labelOf(labels, '__name__'));
    }

    expect([...seen].sort()).toEqual(Object.keys(metricFamilies).sort());
  });

  it('has unique label sets, sorted by name, without empty values, each with cluster_id, job and instance', () => {
    const all = [...cluster.seriesAt(NOON_MS + 20 * MINUTE_MS)].map(({ labels }) => labels);
    const isWrong = (labels: readonly Label[]): boolean => {
      const names = labels.map((label) => label.name);
      const inOrder = names.join() === [...new Set(names)].sort().join();
      const complete = labelOf(labels, 'job') !== undefined && labelOf(labels, 'instance') !== undefined;
      const ours = labelOf(labels, 'cluster_id') === `${profile}-1`;
      return !(inOrder && complete && ours) || names[0] !== '__name__' || labels.some((label) => label.value === '');
    };

    expect(all.filter(isWrong)).toEqual([]);
    expect(new Set(all.map(textOf)).size).toBe(all.length);
  });

  it('has counters that begin at 0 and never fall', () => {
    const [first] = [...byText(cluster.seriesAt(cluster.startMs))].filter(([text]) => /egress_bytes_total/.test(text));
    expect(first?.[1]).toBe(0);

    const isCounter = /^__name__=\w+_total\|/;
    const instants = fc.uniqueArray(fc.integer({ min: NOON_MS, max: NOON_MS + 8 * DAY_MS }), {
      minLength: 2,
      maxLength: 6,
    });
    fc.assert(
      fc.property(instants, (unsorted) => {
        const last = new Map<string, number>();
        const fallen: string[] = [];
        for (const tMs of unsorted.sort((left, right) => left - right)) {
          for (const [text, value] of byText(cluster.seriesAt(tMs))) {
            if (isCounter.test(text) && value < (last.get(text) ?? 0)) fallen.push(text);
            last.set(text, value);
          }
        }
        expect(fallen).toEqual([]);
        expect([...last.keys()].filter((text) => isCounter.test(text)).length).toBeGreaterThan(100);
      }),
      { numRuns: 10 },
    );
  });

  it('does not exist before its first instant', () => {
    expect([...cluster.seriesAt(cluster.startMs - 1)]).toEqual([]);
    expect([...cluster.history({ startMs: cluster.startMs - HOUR_MS, endMs: cluster.startMs })]).toEqual([]);
  });

  it('fits: requests within what is allocatable, allocation within capacity, memory in use within limits', () => {
    // What gives room and what takes it, by metric: [balance, resource, sign].
    const moves: Readonly<Record<string, readonly [balance: string, resource: string | undefined, sign: 1 | -1]>> = {
      kube_node_status_allocatable: ['requests', undefined, 1],
      kube_pod_container_resource_requests: ['requests', undefined, -1],
      kube_node_status_capacity: ['allocation', undefined, 1],
      container_cpu_allocation: ['allocation', 'cpu', -1],
      container_memory_allocation_bytes: ['allocation', 'memory', -1],
    };
    const balancesAt = (tMs: number): Map<string, number> => {
      const balances = new Map<string, number>();
      for (const { labels, value } of cluster.seriesAt(tMs)) {
        const move = moves[labelOf(labels, '__name__') ?? ''];
        if (move === undefined) continue;
        const [balance, resource = labelOf(labels, 'resource'), sign] = move;
        const key = `${balance} ${String(labelOf(labels, 'node'))} ${String(resource)}`;
        balances.set(key, (balances.get(key) ?? 0) + sign * value);
      }
      return balances;
    };
    const usedAboveLimit = (tMs: number): string[] => {
      const limits = new Map<string, number>();
      const containerOf = (labels: readonly Label[]): string =>
        ['namespace', 'pod', 'container'].map((label) => labelOf(labels, label)).join('/');
      const named = (name: string): SeriesValue[] =>
        [...cluster.seriesAt(tMs)].filter(({ labels }) => labelOf(labels, '__name__') === name);
      for (const { labels, value } of named('kube_pod_container_resource_limits')) {
        if (labelOf(labels, 'resource') === 'memory') limits.set(containerOf(labels), value);
      }
      return named('container_memory_working_set_bytes')
        .filter(({ labels, value }) => value > (limits.get(containerOf(labels)) ?? Infinity))
        .map(({ labels }) => containerOf(labels));
    };

    for (let minute = 0; minute < 7 * 24 * 60; minute += 67) {
      const tMs = NOON_MS + minute * MINUTE_MS;
      expect([...balancesAt(tMs)].filter(([, left]) => left < 0)).toEqual([]);
      if (minute % 670 === 0) expect(usedAboveLimit(tMs)).toEqual([]);
    }
  });

  it('changes a spot price at 00, 06, 12 and 18 o’clock UTC only, and never an on-demand price', () => {
    const spotType = profile === 'shop' ? 'm5.2xlarge' : 't2a-standard-8';
    const isPrice = (name: string | undefined): boolean => /^node_\w+_hourly_cost$/.test(name ?? '');
    const pricesAt = (tMs: number): SeriesValue[] =>
      [...cluster.seriesAt(tMs)].filter(({ labels }) => isPrice(labelOf(labels, '__name__')));
    const changedAt = (tMs: number): SeriesValue[] => {
      const before = byText(pricesAt(tMs - 1));
      return pricesAt(tMs).filter(({ labels, value }) => before.get(textOf(labels)) !== value);
    };
    const changes: number[] = [];
    for (let tMs = NOON_MS; tMs < NOON_MS + DAY_MS; tMs += 10 * MINUTE_MS) {
      const changed = changedAt(tMs);
      expect(changed.filter(({ labels }) => labelOf(labels, 'instance_type') !== spotType)).toEqual([]);
      if (changed.length > 0) changes.push((tMs % DAY_MS) / HOUR_MS);
    }

    expect(changes).toEqual([12, 18, 0, 6]);
  });
});

describe('createSampleCluster', () => {
  it('gives two profiles of different clouds and regions', () => {
    expect(known('shop')).toMatchObject({ provider: 'AWS', region: 'us-east-1' });
    expect(known('research')).toMatchObject({ provider: 'GCP', region: 'europe-west4' });
  });

  it('doubles nodes and replicas with a size factor of 2, and refuses one that is not above 0', () => {
    const options = { seed: 7, name: 'n', clusterId: 'c', profile: 'shop' } as const;
    const nodesOf = (cluster: SampleCluster): number =>
      [...cluster.seriesAt(NOON_MS)].filter(({ labels }) => labelOf(labels, '__name__') === 'kube_node_info').length;

    expect(nodesOf(createSampleCluster(options))).toBe(6);
    const doubled = createSampleCluster({ ...options, sizeFactor: 2 });
    expect(nodesOf(doubled)).toBe(12);
    const labelSets = [...doubled.seriesAt(NOON_MS)].map(({ labels }) => textOf(labels));
    expect(new Set(labelSets).size).toBe(labelSets.length);
    expect(() => createSampleCluster({ ...options, sizeFactor: 0 })).toThrow(RangeError);
  });

  it('refuses a first instant inside an hour', () => {
    const options = { seed: 7, name: 'n', clusterId: 'c', profile: 'shop' } as const;
    expect(() => createSampleCluster({ ...options, startMs: Date.UTC(2026, 0, 5) + 1 })).toThrow(RangeError);
  });

  it('runs Jobs that come and go: measured while they run, described for 15 minutes more', () => {
    // sales-report is scheduled at 12:07Z and runs for 8 to 25 minutes; its Job is named by the scheduled minute.
    const job = `sales-report-${String(NOON_MS / MINUTE_MS + 7)}-`;
    const phaseAt = (tMs: number): string => {
      const pod = [...known('shop').seriesAt(tMs)].filter(({ labels }) => labelOf(labels, 'pod')?.startsWith(job));
      const valueOf = (name: string): number | undefined =>
        pod.find(({ labels }) => labelOf(labels, '__name__') === name)?.value;
      const measured = valueOf('container_cpu_allocation') !== undefined;
      const completed = valueOf('kube_pod_completion_time') !== undefined;
      if (pod.length === 0) return 'absent';
      if (measured && !completed && valueOf('kube_pod_container_status_running') === 1) return 'running';
      if (completed && !measured && valueOf('kube_pod_container_status_running') === 0) return 'completed';
      return 'inconsistent';
    };
    const phases = Array.from({ length: 60 }, (_, minute) => phaseAt(NOON_MS + minute * MINUTE_MS));
    const minutesIn = (phase: string): number => phases.filter((found) => found === phase).length;

    expect([...new Set(phases)]).toEqual(['absent', 'running', 'completed']);
    expect(phases.slice(0, 8)).toEqual(Array.from({ length: 8 }, () => 'absent'));
    expect(phases[8]).toBe('running');
    expect(minutesIn('running')).toBeGreaterThanOrEqual(8);
    expect(minutesIn('running')).toBeLessThanOrEqual(26);
    expect(minutesIn('completed')).toBe(15);
  });

  it('runs Jobs between two scrapes, which only their start and completion times show', () => {
    // session-cleanup is scheduled at 12:10Z, starts 2 to 9 s later and runs for 35 to 50 s.
    const job = `session-cleanup-${String(NOON_MS / MINUTE_MS + 10)}-`;
    const named = new Set<string | undefined>();
    for (let minute = 10; minute < 20; minute++) {
      for (const { labels, value } of known('shop').seriesAt(NOON_MS + minute * MINUTE_MS)) {
        if (labelOf(labels, 'pod')?.startsWith(job) && value > 0) named.add(labelOf(labels, '__name__'));
      }
    }

    expect(named).toContain('kube_pod_start_time');
    expect(named).toContain('kube_pod_completion_time');
    expect(named).not.toContain('kube_pod_container_status_running');
    expect(named).not.toContain('container_cpu_allocation');
  });
});
