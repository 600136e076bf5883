import { request } from 'undici';
import { cpuSeconds } from '../proc';
import { renderTable } from '../table';
import { dashboardRequests, type DashboardOf } from './dashboard';

const windowsDays = [7, 30, 90] as const;
const runs = 3;

interface Asked {
  readonly baseUrl: string;
  readonly token: string;
  readonly dashboard: DashboardOf;
  readonly pids: Readonly<Record<'restapi' | 'ClickHouse', number | undefined>>;
}

/** What one request costs each process, asked one after the other: holds on a machine that has other things to do, too. */
export async function renderRouteCosts({ baseUrl, token, dashboard, pids }: Asked): Promise<string> {
  const ask = async (path: string): Promise<void> => {
    const response = await request(`${baseUrl}${path}`, {
      headers: { authorization: `Bearer ${token}`, 'accept-encoding': 'gzip' },
    });
    await response.body.arrayBuffer();
    if (response.statusCode !== 200) throw new Error(`${path} was answered ${String(response.statusCode)}`);
  };
  const measure = async (path: string): Promise<string> => {
    await ask(path);
    const before = { restapi: cpuSeconds(pids.restapi), clickhouse: cpuSeconds(pids.ClickHouse) };
    for (let run = 0; run < runs; run += 1) await ask(path);
    const perRun = (pid: number | undefined, since: number): string =>
      (((cpuSeconds(pid) - since) * 1_000) / runs).toFixed(0);
    return `${perRun(pids.ClickHouse, before.clickhouse)} + ${perRun(pids.restapi, before.restapi)}`;
  };
  const byWindow = windowsDays.map((days) => dashboardRequests(dashboard, days));
  const rows: string[][] = [];
  for (const [index, { route }] of (byWindow[0] ?? []).entries()) {
    const cells: string[] = [];
    for (const requests of byWindow) cells.push(await measure(requests[index]?.path ?? ''));
    rows.push([route, ...cells]);
  }
  return renderTable([
    ['CPU ms of ClickHouse + restapi', ...windowsDays.map((days) => `${String(days)} days`)],
    ...rows,
  ]);
}
