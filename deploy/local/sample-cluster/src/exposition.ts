import { metricFamilies, type MetricFamily } from './metric-families';
import type { Label, SeriesValue } from './series';

/** What `/metrics` is served as. */
export const expositionContentType = 'text/plain; version=0.0.4; charset=utf-8';

const families: ReadonlyMap<string, MetricFamily> = new Map(Object.entries(metricFamilies));

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeValue = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

/** A sample value as the format writes it; JavaScript's shortest form reads back to the same double. */
function formatValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

function splitName(labels: readonly Label[]): { name: string; rest: readonly Label[] } {
  const name = labels.find((label) => label.name === '__name__')?.value ?? '';
  return { name, rest: labels.filter((label) => label.name !== '__name__') };
}

/**
 * Series in the Prometheus text format 0.0.4, grouped by metric with HELP and TYPE lines, without timestamps.
 *
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function expositionText(seriesValues: Iterable<SeriesValue>): string {
  const linesByName = new Map<string, string[]>();
  for (const { labels, value } of seriesValues) {
    const { name, rest } = splitName(labels);
    const inBraces = rest.map((label) => `${label.name}="${escapeValue(label.value)}"`).join(',');
    const line = `${name}${inBraces === '' ? '' : `{${inBraces}}`} ${formatValue(value)}`;
    const lines = linesByName.get(name);
    if (lines === undefined) linesByName.set(name, [line]);
    else lines.push(line);
  }
  const blocks = [...linesByName].map(([name, lines]) => {
    const family = families.get(name);
    const header = family ? [`# HELP ${name} ${escapeHelp(family.help)}`, `# TYPE ${name} ${family.type}`] : [];
    return [...header, ...lines].join('\n');
  });
  return blocks.length === 0 ? '' : `${blocks.join('\n')}\n`;
}
