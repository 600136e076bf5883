import { toAppError, type AppError } from '@cloudtuner/errors';
import type { ClosedHours, RememberedHour } from '../domain/closed-hours';
import { expositionLines, type Exposed } from '../domain/exposition';
import type { FoldLimits } from '../domain/fold';
import { fingerprintOf, toServedHour, type ReadHour, type ServedHour } from '../domain/hour';
import { podRatesOf, type PodRate } from '../domain/rates';
import type { HourSource, Publisher } from '../ports';

export interface PollOptions {
  readonly source: HourSource;
  readonly publisher: Publisher;
  readonly closedHours: ClosedHours;
  readonly foldLimits: FoldLimits;
  readonly nowMs: () => number;
  /** How old the figures of the running hour may be before they are taken away. */
  readonly staleMs: number;
  /** How long a closed hour is shown at least; it is also scraped at least twice. */
  readonly dwellMs: number;
  readonly events: PollEvents;
  /** Keeps what a successor of this process need not say again; never fails. */
  readonly remember?: (hours: readonly RememberedHour[]) => Promise<void>;
}

/** What happens, for logs and metrics. */
export interface PollEvents {
  readHour(kind: 'running' | 'closed', hour: ReadHour): void;
  failed(kind: 'running' | 'closed', error: AppError): void;
  /** `empty`: Kubecost has nothing of the hour; `same`: nothing new; `shown`: it is served now. */
  closedHour(outcome: 'empty' | 'same' | 'shown'): void;
  stale(): void;
}

/** Reads, decides and publishes. Calls must not overlap, but for `expire`. */
export interface Poll {
  /** One round: the running hour, then closed ones that are due. Failures are told and counted, never thrown. */
  round(signal: AbortSignal): Promise<void>;
  /** Takes away what is too old, also while a round waits for an answer. */
  expire(): Promise<void>;
}

const msPerHour = 3_600_000;
const minScrapes = 2;
// After an outage a few hours are due at once; a round shall not become long for them.
const closedReadsPerRound = 4;

interface Shown {
  readonly hour: ServedHour;
  readonly sinceMs: number;
  scrapes: number;
}

/** The state between rounds. None of it has to survive a restart: figures are of whole hours, and are said again. */
export function createPoll(options: PollOptions): Poll {
  const { source, publisher, closedHours, foldLimits, nowMs, staleMs, dwellMs, events, remember } = options;
  let running: { readonly hour: ServedHour; readonly atMs: number } | undefined;
  let shown: Shown | undefined;
  let podRates: readonly PodRate[] = [];
  let isUp = false;
  let areAssetsUp = false;
  let lastSuccessMs: number | undefined;
  let lastAssetsMs: number | undefined;

  const publish = async (): Promise<void> => {
    if (shown !== undefined) shown.scrapes += publisher.scrapes;
    const exposed: Exposed = {
      running: running?.hour,
      closed: shown?.hour,
      podRates,
      sources: [
        { source: 'allocation', isUp, lastSuccessMs },
        { source: 'assets', isUp: areAssetsUp, lastSuccessMs: lastAssetsMs },
      ],
    };
    await publisher.publish(expositionLines(exposed));
  };

  const noteRead = (kind: 'running' | 'closed', hour: ReadHour): void => {
    isUp = true;
    lastSuccessMs = nowMs();
    areAssetsUp = hour.assets !== null;
    if (areAssetsUp) lastAssetsMs = lastSuccessMs;
    events.readHour(kind, hour);
  };

  const readRunning = async (signal: AbortSignal): Promise<void> => {
    const hourStartMs = Math.floor(nowMs() / msPerHour) * msPerHour;
    const hour = await source.readHour(hourStartMs, signal);
    noteRead('running', hour);
    running = { hour: toServedHour(hour, foldLimits), atMs: nowMs() };
    podRates = podRatesOf(hour) ?? podRates;
  };

  /** True when the next closed hour may take the place. */
  const isPlaceFree = (): boolean => {
    if (shown === undefined) return true;
    return nowMs() - shown.sinceMs >= dwellMs && shown.scrapes + publisher.scrapes >= minScrapes;
  };

  const readClosed = async (signal: AbortSignal): Promise<void> => {
    for (let reads = 0; shown === undefined && reads < closedReadsPerRound; reads += 1) {
      const hourStartMs = closedHours.due(nowMs());
      if (hourStartMs === undefined) return;
      // Until it is read: what fails is thrown from here.
      closedHours.failed(hourStartMs, nowMs());
      const hour = await source.readHour(hourStartMs, signal);
      closedHours.read(hourStartMs, nowMs());
      noteRead('closed', hour);
      const fingerprint = fingerprintOf(hour);
      const outcome =
        hour.rows.length === 0 ? 'empty' : closedHours.isNews(hourStartMs, fingerprint) ? 'shown' : 'same';
      events.closedHour(outcome);
      if (outcome !== 'shown') continue;
      shown = { hour: toServedHour(hour, foldLimits), sinceMs: nowMs(), scrapes: 0 };
      closedHours.shown(hourStartMs, fingerprint);
    }
  };

  const expireRunning = (): boolean => {
    if (running === undefined || nowMs() - running.atMs < staleMs) return false;
    running = undefined;
    podRates = [];
    isUp = false;
    events.stale();
    return true;
  };

  const attempt = async (
    kind: 'running' | 'closed',
    read: (signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ) => {
    try {
      await read(signal);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      isUp = false;
      events.failed(kind, toAppError(error));
      return false;
    }
  };

  return {
    async round(signal) {
      if (shown !== undefined && isPlaceFree()) {
        closedHours.confirmed(shown.hour.startMs);
        shown = undefined;
      }
      if (await attempt('running', readRunning, signal)) await attempt('closed', readClosed, signal);
      expireRunning();
      await publish();
      await remember?.(closedHours.remembered());
    },
    async expire() {
      if (expireRunning()) await publish();
    },
  };
}
