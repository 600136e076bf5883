import { allocateHour, type Series } from '@cloudtuner/cost-model';
import { clusterQueries, podForms, podsOfForm, podsQuery, strayEgressQuery, type PodForm } from './pod-queries';

const tenantId = '7f6c2c1e-0000-4000-8000-000000000001';
const tenant = `tenant_id="${tenantId}"`;
const minute = 60_000;
const startMs = Date.parse('2024-10-16T10:00:00Z');
const time = { startMs: startMs - 5 * minute, endMs: startMs + 65 * minute };
const egress = 'kubecost_pod_network_egress_bytes_total';
const podLabels = ['exported_pod', 'exported_pod_name', 'pod', 'pod_name'];

function formOf(label: string, metric: string): PodForm {
  const form = podForms.find((one) => one.label === label && one.metrics.includes(metric));
  if (form === undefined) throw new Error('no such form');
  return form;
}

/** What the matchers of a form select, as a store would. */
const isOfForm = ({ metrics, label, absent }: PodForm, { labels }: Series): boolean =>
  metrics.includes(labels['__name__'] ?? '') &&
  absent.every((name) => (labels[name] ?? '') === '') &&
  (labels[label] ?? '') !== '';

describe('queries of pods', () => {
  it('ask for pods by name among the series that name them in one way, with 5 minutes around the hour', () => {
    const form = formOf('pod', egress);
    const rest = `${tenant},exported_pod_name="",pod_name="",exported_pod=""`;
    const { query, atMs } = podsQuery(tenantId, time, { form, names: ['a-1', 'b.c|d'] });
    expect(query.toString()).toBe(`{__name__=~"${egress}",${rest},pod=~"a-1|b\\\\.c\\\\|d"}[4200s]`);
    expect(atMs).toBe(time.endMs);
    expect(podsOfForm(tenantId, form).toString()).toBe(`{__name__=~"${egress}",${rest},pod!=""}`);
  });

  it('ask for what names no pod, and for what is of no pod', () => {
    const absent = 'exported_pod_name="",pod_name="",exported_pod="",pod=""';
    expect(strayEgressQuery(tenantId, time).query.toString()).toBe(`{__name__="${egress}",${tenant},${absent}}[4200s]`);
    const [gauges, descriptions] = clusterQueries(tenantId, time).map(({ query }) => query.toString());
    expect(gauges).toContain('node_cpu_hourly_cost');
    expect(descriptions).toContain('kube_replicaset_owner');
    for (const text of [gauges, descriptions]) expect(text).not.toContain(egress);
  });
});

describe('forms of series', () => {
  const subsets = Array.from({ length: 16 }, (_, bits) => podLabels.filter((_label, index) => bits & (1 << index)));

  it.each(subsets.slice(1))('give a series its pod as the cost model does: %s', (...labels) => {
    const named = Object.fromEntries(labels.map((label) => [label, `by-${label}`]));
    const samples = {
      timestampsMs: [0, 1, 2].map((at) => startMs + at * minute),
      values: [0, 1000, 2000],
    };
    const place = { namespace: 'a', ...named, internet: 'true', same_zone: 'false', same_region: 'false' };
    for (const metric of ['kube_pod_container_status_running', egress]) {
      const series: Series = { labels: { __name__: metric, container: 'main', ...place }, ...samples };
      const forms = podForms.filter((form) => isOfForm(form, series));
      expect(forms).toHaveLength(1);
      const [row] = allocateHour({ window: { startMs, endMs: startMs + 60 * minute }, series: [series] }).allocations;
      expect(row?.pod).toBe(series.labels[forms[0]?.label ?? '']);
    }
  });
});
