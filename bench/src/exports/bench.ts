import { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { focusPieces } from '../bills/focus-file';
import { load, machine } from '../machine';
import { cpuSeconds, residentMebibytes } from '../proc';
import { startStand, type Stand } from '../restapi/stand';

/** How many rows are exported, and for how long at most. */
export interface ExportsOptions {
  readonly records: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

const start = Date.parse('2026-03-01T00:00:00Z') / 1000;
const secondsOfMonth = 31 * 86_400;
const rssPeriodMs = 250;

/** What was read of one export. */
interface Download {
  readonly rows: number;
  readonly megabytes: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Resident memory of restapi, in MiB, in the order of time. */
  readonly resident: readonly number[];
  /** False: the time was over before the last row. */
  readonly complete: boolean;
}

/** Billionths of a decimal with nine places. */
const nanos = (decimal: string): bigint => BigInt(decimal.replace('.', ''));

/** Reads the export of expenses as it comes; its rows have to add up to the total that it names. */
async function download({ restapi, token, organizationId }: Stand, maxSeconds: number): Promise<Download> {
  const resident: number[] = [];
  const sampler = setInterval(() => {
    if (restapi.pid !== undefined) resident.push(residentMebibytes(restapi.pid, 'VmRSS'));
  }, rssPeriodMs);
  const [startedMs, cpuBefore] = [performance.now(), cpuSeconds(restapi.pid)];
  const deadlineMs = startedMs + maxSeconds * 1000;
  try {
    const window = `start_date=${String(start)}&end_date=${String(start + secondsOfMonth)}`;
    const address = `${restapi.url}/restapi/v2/organizations/${organizationId}/exports/clean_expenses.csv?${window}`;
    const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
    if (!response.ok || response.body === null) throw new Error(await response.text());
    let [rows, bytes, sum, column] = [-1, 0, 0n, -1];
    const lines = createInterface({ input: Readable.fromWeb(response.body) });
    for await (const line of lines) {
      if (performance.now() >= deadlineMs) break;
      bytes += line.length + 1;
      rows += 1;
      // Nothing in the made-up file has a comma inside.
      const cells = line.split(',');
      if (rows === 0) column = cells.indexOf('cost');
      else sum += nanos(cells[column] ?? '');
    }
    const total = response.headers.get('x-total-cost') ?? '';
    const complete = performance.now() < deadlineMs;
    if (complete && sum !== nanos(total))
      throw new Error(`the rows come to ${String(sum)} billionths, and the total is ${total}`);
    const seconds = (performance.now() - startedMs) / 1000;
    return {
      rows,
      megabytes: bytes / 1e6,
      seconds,
      cpuSeconds: cpuSeconds(restapi.pid) - cpuBefore,
      resident,
      complete,
    };
  } finally {
    clearInterval(sampler);
  }
}

function describe({ rows, megabytes, seconds, cpuSeconds: cpu, resident, complete }: Download): string {
  const quarter = (part: number): string => {
    const some = resident.slice((resident.length * part) / 4, (resident.length * (part + 1)) / 4);
    return Math.max(0, ...some).toFixed(0);
  };
  const memory = `resident by quarters of the time, at most: ${[0, 1, 2, 3].map(quarter).join(', ')} MiB`;
  return `${complete ? 'whole export' : 'not the whole export'}: ${rows.toLocaleString('en')} rows, ${megabytes.toFixed(0)} MB in ${seconds.toFixed(1)} s, restapi ${cpu.toFixed(1)} s of CPU, ${memory}`;
}

/** Exports the expenses of a bill whose every record is a resource of its own, and returns the report. */
export async function benchExports({ records, seconds, say }: ExportsOptions): Promise<string> {
  const lines = [`machine: ${machine()}; load average ${load()} before`];
  const stand = await startStand({ CLICKHOUSE_TIMEOUT_MS: '120000' });
  try {
    const { id: account } = await stand.api.createCloudAccount({
      params: { organization_id: stand.organizationId },
      body: { name: 'aws', type: 'aws_cnr' },
    });
    await stand.api.createExpenseImport({
      params: { cloud_account_id: account },
      query: { file_name: 'march.csv' },
      upload: Readable.from(focusPieces(records, records), { objectMode: false }),
    });
    // Another process, so that what the import has taken is not counted.
    await stand.restapi.restart();
    const idle = residentMebibytes(stand.restapi.pid, 'VmRSS');
    say(`imported ${String(records)} records; restapi has ${idle.toFixed(0)} MiB before`);
    lines.push(`restapi has ${idle.toFixed(0)} MiB before`);
    lines.push(describe(await download(stand, seconds)));
  } finally {
    await stand.stop();
  }
  return lines.join('\n');
}
