import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { dashboardRequests, type DashboardOf, type DashboardRequest } from './dashboard';

/** Days that people look at, one view after the other. */
const viewedDays = [7, 30, 7, 90] as const;
const requestsOfView = 10;

/** What became of one request. */
export interface Answered {
  readonly route: string;
  readonly milliseconds: number;
  readonly status: number;
  /** Of a client that keeps answers as a browser does. */
  readonly keeps: boolean;
}

/** How many clients there are, and how they behave. */
export interface ClientsOptions {
  readonly baseUrl: string;
  readonly token: string;
  readonly clients: number;
  readonly seconds: number;
  /** Mean time between an answer and the next request of the same client. */
  readonly pauseMs: number;
  readonly dashboard: DashboardOf;
}

/** A client: one request after the other, each route in turn, with pauses of random length. */
async function browse(
  options: ClientsOptions,
  { index, untilMs, dispatcher }: { index: number; untilMs: number; dispatcher: Agent },
  take: (answered: Answered) => void,
): Promise<void> {
  const keeps = index % 2 === 0;
  const etags = new Map<string, string>();
  const pause = (): Promise<void> => delay(Math.random() * 2 * options.pauseMs);
  const ask = async ({ route, path }: DashboardRequest): Promise<void> => {
    const known = etags.get(path);
    const startedMs = performance.now();
    const response = await request(`${options.baseUrl}${path}`, {
      dispatcher,
      headers: {
        authorization: `Bearer ${options.token}`,
        'accept-encoding': 'gzip',
        ...(known === undefined ? {} : { 'if-none-match': known }),
      },
    });
    await response.body.arrayBuffer();
    const { etag } = response.headers;
    if (keeps && typeof etag === 'string') etags.set(path, etag);
    take({ route, milliseconds: performance.now() - startedMs, status: response.statusCode, keeps });
  };
  await pause();
  // They did not all come at the same moment: each begins at another route.
  for (let turn = index; ; turn += 1) {
    const routes = dashboardRequests(
      options.dashboard,
      viewedDays[Math.floor(turn / requestsOfView) % viewedDays.length] ?? 7,
    );
    const wanted = routes[turn % routes.length];
    if (wanted === undefined || performance.now() >= untilMs) return;
    await ask(wanted);
    await pause();
  }
}

/** Lets all clients browse side by side for so long, and returns what they were answered. */
export async function browseAll(options: ClientsOptions): Promise<Answered[]> {
  const dispatcher = new Agent({ connections: options.clients });
  const untilMs = performance.now() + options.seconds * 1_000;
  const answered: Answered[] = [];
  try {
    await Promise.all(
      Array.from({ length: options.clients }, (_none, index) =>
        browse(options, { index, untilMs, dispatcher }, (one) => answered.push(one)),
      ),
    );
  } finally {
    await dispatcher.close();
  }
  return answered;
}
