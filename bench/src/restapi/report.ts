import { renderTable } from '../table';
import type { Answered } from './clients';

/** A quantile of sorted numbers; NaN of none. */
function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

const isError = ({ status }: Answered): boolean => status !== 200 && status !== 304;

function line(name: string, answered: readonly Answered[]): readonly string[] {
  const sorted = answered.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  const count = (which: (one: Answered) => boolean): string => String(answered.filter(which).length);
  return [
    name,
    String(answered.length),
    count(({ status }) => status === 304),
    count(isError),
    ...[0.5, 0.95, 0.99].map((part) => quantile(sorted, part).toFixed(0)),
  ];
}

/** Requests and times by route, of all, and of clients that keep answers and clients that do not. */
export function renderAnswered(answered: readonly Answered[]): string {
  const routes = [...new Set(answered.map(({ route }) => route))];
  return renderTable([
    ['route', 'requests', 'of them 304', 'errors', 'p50 ms', 'p95 ms', 'p99 ms'],
    ...routes.map((route) =>
      line(
        route,
        answered.filter((one) => one.route === route),
      ),
    ),
    line('all', answered),
    line(
      'all, with If-None-Match',
      answered.filter(({ keeps }) => keeps),
    ),
    line(
      'all, without',
      answered.filter(({ keeps }) => !keeps),
    ),
  ]);
}

/** The greatest of each quarter of the time: flat memory has four times the same. */
export function renderQuarters(samples: readonly number[]): string {
  const greatest = (part: number): string => {
    const some = samples.slice((samples.length * part) / 4, (samples.length * (part + 1)) / 4);
    return Math.max(0, ...some).toFixed(0);
  };
  return [0, 1, 2, 3].map(greatest).join(', ');
}
