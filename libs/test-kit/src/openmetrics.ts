import { spawn } from 'node:child_process';
import { readServers } from '@cloudtuner/local-servers';

/** One family of metrics with its samples. */
export interface OpenMetricsFamily {
  readonly name: string;
  readonly type: string;
  readonly samples: readonly { name: string; labels: Readonly<Record<string, string>>; value: number }[];
}

const script = `
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
print(json.dumps([
  {"name": f.name, "type": f.type, "samples": [{"name": s.name, "labels": s.labels, "value": s.value} for s in f.samples]}
  for f in parse(sys.stdin.read())
]))
`;

/**
 * Parses a text in the OpenMetrics format with the parser of PyPI's prometheus-client, which is strict where Prometheus
 * itself is lax. Rejects with the parser's words when the text is not valid.
 */
export async function parseOpenMetrics(text: string): Promise<OpenMetricsFamily[]> {
  const parser = readServers()['openmetrics-parser'];
  if (parser === undefined) throw new Error('openmetrics-parser is not set up: run `npm run setup -- --for test`.');
  const child = spawn(parser.path, ['-c', script], { env: { ...process.env, ...parser.env } });
  const [output, problems]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (part: Buffer) => output.push(part));
  child.stderr.on('data', (part: Buffer) => problems.push(part));
  // A parser that gives up early closes its input; what it says about that is in its output.
  child.stdin.on('error', () => undefined);
  child.stdin.end(text);
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0) throw new Error(Buffer.concat(problems).toString('utf8').trim().split('\n').at(-1));
  return JSON.parse(Buffer.concat(output).toString('utf8')) as OpenMetricsFamily[];
}
