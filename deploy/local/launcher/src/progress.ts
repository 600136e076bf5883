import { Format, SingleBar } from 'cli-progress';

/** A bar on the terminal, or a line now and then where there is none. */
export interface Progress {
  update(done: number, total?: number): void;
  stop(): void;
}

const linesWithoutTerminalEveryMs = 5_000;

/** Shows how far a long step is. */
export function startProgress(title: string, total: number, unit: string): Progress {
  const bar = new SingleBar({
    format: `  ${title.padEnd(26)} {bar} {percentage}% | {value}/{total} ${unit} | {duration_formatted}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: linesWithoutTerminalEveryMs,
    formatTime: Format.TimeFormat,
  });
  bar.start(total, 0);
  return {
    update(done, newTotal = bar.getTotal()) {
      bar.setTotal(newTotal);
      bar.update(Math.min(done, newTotal));
    },
    stop() {
      bar.stop();
    },
  };
}
