import { clearInterval, setInterval } from 'node:timers';

const SAY_EVERY_MS = 10_000;

/** Reports `say(elapsed)` every 10 s while an action runs, `elapsed` as "1 min 20 s". */
export async function withProgress(report, say, action) {
  const startedMs = Date.now();
  const timer = setInterval(() => report(say(spell(Date.now() - startedMs))), SAY_EVERY_MS);
  try {
    return await action();
  } finally {
    clearInterval(timer);
  }
}

/** A duration as people say it: "45 s", "1 min 20 s". */
export function spell(durationMs) {
  const seconds = Math.round(durationMs / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
