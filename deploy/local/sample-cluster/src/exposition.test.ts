import { expositionText } from './exposition';
import { createSampleCluster } from './sample-cluster';

const labels = (name: string, ...rest: [string, string][]) => [
  { name: '__name__', value: name },
  ...rest.map(([label, value]) => ({ name: label, value })),
];

/** An independent reader of the text format: label values are unescaped character by character. */
function parseLine(line: string): { labels: Record<string, string>; value: number } {
  const brace = line.indexOf('{');
  const parsed: Record<string, string> = { __name__: line.slice(0, brace === -1 ? line.indexOf(' ') : brace) };
  let at = brace === -1 ? line.indexOf(' ') : brace + 1;
  while (brace !== -1 && line[at] !== '}') {
    const equals = line.indexOf('=', at);
    const name = line.slice(at, equals);
    let value = '';
    for (at = equals + 2; line[at] !== '"'; at++) {
      if (line[at] !== '\\') value += line.charAt(at);
      else value += { n: '\n', '\\': '\\', '"': '"' }[line.charAt(++at)] ?? '?';
    }
    at += line[at + 1] === ',' ? 2 : 1;
    parsed[name] = value;
  }
  return { labels: parsed, value: Number(line.slice(line.lastIndexOf(' ') + 1)) };
}

describe('expositionText', () => {
  it('groups the series of a metric below its HELP and TYPE lines, without timestamps', () => {
    const text = expositionText([
      { labels: labels('node_cpu_hourly_cost', ['node', 'a']), value: 0.031611 },
      { labels: labels('container_network_receive_bytes_total'), value: 8_834_918_400_028_000 },
      { labels: labels('node_cpu_hourly_cost', ['arch', 'arm64'], ['node', 'b']), value: 1e-7 },
    ]);

    expect(text).toBe(
      [
        '# HELP node_cpu_hourly_cost Hourly cost per vCPU on this node',
        '# TYPE node_cpu_hourly_cost gauge',
        'node_cpu_hourly_cost{node="a"} 0.031611',
        'node_cpu_hourly_cost{arch="arm64",node="b"} 1e-7',
        '# HELP container_network_receive_bytes_total Bytes received by a pod',
        '# TYPE container_network_receive_bytes_total counter',
        'container_network_receive_bytes_total 8834918400028000',
        '',
      ].join('\n'),
    );
  });

  it('escapes backslash, quote and line feed in label values, and writes NaN and infinities in words', () => {
    const text = expositionText([
      { labels: labels('m', ['path', 'C:\\new "dir"\nend']), value: NaN },
      { labels: labels('m', ['path', 'x']), value: -Infinity },
      { labels: labels('m', ['path', 'y']), value: Infinity },
    ]);

    expect(text).toBe('m{path="C:\\\\new \\"dir\\"\\nend"} NaN\nm{path="x"} -Inf\nm{path="y"} +Inf\n');
  });

  it('is empty for no series', () => {
    expect(expositionText([])).toBe('');
  });

  it.each(['shop', 'research'] as const)('reads back to every label and every double of the %s cluster', (profile) => {
    const cluster = createSampleCluster({ seed: 5, name: 'it\'s a "name"', clusterId: 'c\\1', profile });
    const tMs = Date.UTC(2026, 8, 16, 9, 13, 7, 250);
    const read = expositionText(cluster.seriesAt(tMs))
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(parseLine);
    const expected = [...cluster.seriesAt(tMs)].map(({ labels: all, value }) => ({
      labels: Object.fromEntries(all.map((label) => [label.name, label.value])),
      value,
    }));
    const sorted = (rows: { labels: Record<string, string> }[]): string[] =>
      rows.map((row) => JSON.stringify(Object.entries(row).flat())).sort();

    expect(
      sorted(read.map((row) => ({ ...row, labels: Object.fromEntries(Object.entries(row.labels).sort()) }))),
    ).toEqual(sorted(expected));
  });
});
