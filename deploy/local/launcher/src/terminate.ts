import type { StopStack } from './stop-stack';

/** Resolves at the first Ctrl-C or SIGTERM; a second one ends the process at once. */
function untilSignal(process: NodeJS.Process): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve(signal);
      });
    }
  });
}

/** Runs a start until it is complete and then until a signal; in every case all that was started is stopped. */
export async function runUntilSignal(
  process: NodeJS.Process,
  running: StopStack,
  start: () => Promise<void>,
): Promise<void> {
  const signalled = untilSignal(process).then((signal) => ({ signal }));
  const started = start().then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  const first = (await Promise.race([signalled, started])) ?? (await signalled);
  if ('error' in first) {
    process.stderr.write(`\n${first.error instanceof Error ? first.error.message : String(first.error)}\n`);
    process.exitCode = 1;
  } else {
    process.stdout.write('\nStopping …\n');
  }
  await running.stop();
  // A start that was interrupted may still be waiting for something.
  process.exit();
}
