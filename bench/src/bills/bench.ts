import { Readable } from 'node:stream';
import { load, machine } from '../machine';
import { cpuSeconds, residentMebibytes } from '../proc';
import { startStand, type Stand } from '../restapi/stand';
import { focusPieces, totalNanos } from './focus-file';

/** How large the file is, and whether its import is killed on its way. */
export interface BillsOptions {
  readonly records: number;
  /** Parts of the file, at random, after which restapi is killed; the file is then sent again. */
  readonly kills: number;
  readonly say: (line: string) => void;
}

const start = Date.parse('2026-03-01T00:00:00Z') / 1000;
const secondsOfMonth = 31 * 86_400;
const rssPeriodMs = 250;

interface Sending {
  readonly seconds: number;
  readonly megabytes: number;
  readonly cpuSeconds: number;
  /** Resident memory of restapi, in MiB, in the order of time. */
  readonly resident: readonly number[];
  readonly killed: boolean;
}

/** Sends the file once; kills restapi when this part of it has gone out. */
async function send(
  { restapi, api }: Stand,
  account: string,
  file: { records: number; killAt: number | null },
): Promise<Sending> {
  const resident: number[] = [];
  const sampler = setInterval(() => {
    if (restapi.pid !== undefined) resident.push(residentMebibytes(restapi.pid, 'VmRSS'));
  }, rssPeriodMs);
  const [startedMs, cpuBefore] = [performance.now(), cpuSeconds(restapi.pid)];
  let bytes = 0;
  // An object, because a generator changes it behind the compiler's back.
  const state = { killed: false };
  async function* body(): AsyncGenerator<Buffer> {
    let sent = 0;
    for (const piece of focusPieces(file.records)) {
      if (file.killAt !== null && sent * 65_536 >= file.killAt) {
        clearInterval(sampler);
        state.killed = true;
        await restapi.kill('SIGKILL');
        return;
      }
      bytes += piece.length;
      sent += 1;
      yield piece;
    }
  }
  try {
    await api.createExpenseImport({
      params: { cloud_account_id: account },
      query: { file_name: 'march.csv' },
      upload: Readable.from(body(), { objectMode: false }),
    });
  } catch (error) {
    if (!state.killed) throw error;
  } finally {
    clearInterval(sampler);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = state.killed ? Number.NaN : cpuSeconds(restapi.pid) - cpuBefore;
  return { seconds, megabytes: bytes / 1e6, cpuSeconds: cpu, resident, killed: state.killed };
}

function describe({ seconds, megabytes, cpuSeconds: cpu, resident, killed }: Sending): string {
  const quarter = (part: number): string => {
    const some = resident.slice((resident.length * part) / 4, (resident.length * (part + 1)) / 4);
    return Math.max(0, ...some).toFixed(0);
  };
  const memory = `restapi resident by quarters of the time, at most: ${[0, 1, 2, 3].map(quarter).join(', ')} MiB`;
  return `${killed ? 'killed after' : 'whole file'} ${megabytes.toFixed(0)} MB in ${seconds.toFixed(1)} s${killed ? '' : ` (restapi ${cpu.toFixed(1)} s of CPU)`}; ${memory}`;
}

async function checkTotal({ api, organizationId }: Stand, records: number): Promise<string> {
  const query = { organization_id: organizationId, start_date: start, end_date: start + secondsOfMonth, limit: 100 };
  const startedMs = performance.now();
  const answer = await api.getCleanExpenses({ query: { ...query, money: 'string' } });
  const elapsedMs = performance.now() - startedMs;
  const expected = totalNanos(records);
  const found = BigInt(String(answer.total_cost).replace('.', ''));
  if (found !== expected) throw new Error(`the total is ${String(found)} billionths and not ${String(expected)}`);
  return `clean_expenses: ${String(answer.total_cost)} = Σ 1…${String(records)} billionths, ${String(answer.total_count)} resources, first page in ${elapsedMs.toFixed(0)} ms`;
}

/** Imports a FOCUS file with servers of its own, killed on its way and once more when it is there, and returns the report. */
export async function benchBills({ records, kills, say }: BillsOptions): Promise<string> {
  const lines = [`${records.toLocaleString('en')} records; machine: ${machine()}; load average ${load()} before`];
  const stand = await startStand({ CLICKHOUSE_TIMEOUT_MS: '120000' });
  try {
    const { id: account } = await stand.api.createCloudAccount({
      params: { organization_id: stand.organizationId },
      body: { name: 'aws', type: 'aws_cnr' },
    });
    let bytes = 0;
    for (const piece of focusPieces(records)) bytes += piece.length;
    const moments = Array.from({ length: kills }, () => Math.random() * bytes).sort((a, b) => a - b);
    for (const killAt of [...moments, null, null]) {
      const sending = await send(stand, account, { records, killAt });
      lines.push(describe(sending));
      say(lines.at(-1) ?? '');
      if (sending.killed) await stand.restapi.restart();
    }
    lines.push(await checkTotal(stand, records));
    lines.push(
      `embedded ClickHouse: ${residentMebibytes(stand.clickhousePid, 'VmHWM').toFixed(0)} MiB resident at most`,
    );
  } finally {
    await stand.stop();
  }
  return lines.join('\n');
}
