/** The stages of a write whose time is measured; `wait` is the time until a thread takes a large body. */
export type Stage = 'authenticate' | 'receive' | 'wait' | 'decompress' | 'rewrite' | 'forward';

/** Takes note of how long a stage of one write took. */
export type ObserveStage = (stage: Stage, seconds: number) => void;

/** Runs stages and takes note of their times, also when they fail. */
export function createTimer(observe: ObserveStage) {
  return async <T>(stage: Stage, run: () => Promise<T>): Promise<T> => {
    const startedMs = performance.now();
    try {
      return await run();
    } finally {
      observe(stage, (performance.now() - startedMs) / 1000);
    }
  };
}
