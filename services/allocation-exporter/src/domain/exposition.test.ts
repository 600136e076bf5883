import { readKubecostHours, type Series } from '@cloudtuner/cost-model';
import { rowOf } from '../testing/rows';
import { expositionLines, type Exposed } from './exposition';
import type { ServedHour } from './hour';

const hourStartMs = Date.UTC(2026, 0, 5, 12);
const hourOf = (fields: Partial<ServedHour>): ServedHour => ({
  startMs: hourStartMs,
  rows: [],
  assets: null,
  foldedPods: 0,
  foldedCost: 0,
  ...fields,
});
const nothing: Exposed = { running: undefined, closed: undefined, podRates: [], sources: [] };
const textOf = (exposed: Partial<Exposed>): string => [...expositionLines({ ...nothing, ...exposed })].join('');

describe('expositionLines', () => {
  it('writes the window of each row, and no series for what is 0', () => {
    const running = hourOf({ rows: [rowOf({ costs: { cpu: 0.25, ram: 1e-7 }, quantities: { cpuCoreHours: 2 } })] });
    const lines = textOf({ running }).split('\n');
    const labels = 'cluster_id="c",namespace="shop",pod="web-1",container="web",node="n1",window="running"';
    expect(lines.filter((line) => line.startsWith('kubecost_allocation_'))).toEqual([
      `kubecost_allocation_cost{${labels},resource="cpu"} 0.25`,
      `kubecost_allocation_cost{${labels},resource="ram"} 1e-7`,
      `kubecost_allocation_minutes{${labels}} 60`,
      `kubecost_allocation_cpu_core_hours{${labels}} 2`,
      `kubecost_allocation_window_start_seconds{window="running"} ${String(hourStartMs / 1000)}`,
      'kubecost_allocation_window_rows{window="running"} 1',
      `kubecost_allocation_window_cost{window="running"} ${String(0.25 + 1e-7)}`,
      'kubecost_allocation_folded_pods{window="running"} 0',
      'kubecost_allocation_folded_cost{window="running"} 0',
    ]);
  });

  it('escapes what users name', () => {
    const text = textOf({ running: hourOf({ rows: [rowOf({ pod: 'a"b\\c\nd' })] }) });
    expect(text).toContain('pod="a\\"b\\\\c\\nd"');
  });

  it('says nothing of the running hour when it is not known, and whether Kubecost answers', () => {
    const text = textOf({ sources: [{ source: 'allocation', isUp: false, lastSuccessMs: undefined }] });
    expect(text).not.toMatch(/^kubecost_allocation_/m);
    expect(text).toContain('kubecost_exporter_up{source="allocation"} 0');
    expect(text).not.toMatch(/^kubecost_exporter_last_success_seconds\{/m);
  });

  it('can be read back as the hours that it was written from', () => {
    const running = hourOf({ rows: [rowOf({ costs: { cpu: 0.25, ram: 0.1 } }), rowOf({ pod: 'job', costs: {} })] });
    const closed = hourOf({ startMs: hourStartMs - 3_600_000, rows: [rowOf({ costs: { gpu: 3 } })] });
    const scrapedAtMs = hourStartMs + 60_000;
    const series = seriesOf(textOf({ running, closed }), scrapedAtMs);
    expect(readKubecostHours(series)).toMatchObject([
      { window: 'closed', startMs: closed.startMs, rows: [{ pod: 'web-1', costs: { gpu: 3_000_000_000n } }] },
      {
        window: 'running',
        scrapedAtMs,
        rows: [
          { pod: 'job', costs: {}, minutes: 60 },
          { pod: 'web-1', costs: { cpu: 250_000_000n, ram: 100_000_000n }, quantities: { cpuCoreHours: 2 } },
        ],
      },
    ]);
  });
});

/** The lines of a text without escapes as series with one sample. */
function seriesOf(text: string, timestampMs: number): Series[] {
  return [...text.matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)].map(([, name = '', labels = '', value = '']) => ({
    labels: {
      __name__: name,
      ...Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text])),
    },
    timestampsMs: [timestampMs],
    values: [Number(value)],
  }));
}
