import type { Logger } from './logger';

/** Something that is started and stopped with the service. */
export interface LifecyclePart {
  readonly name: string;
  start?(): Promise<void> | void;
  stop?(): Promise<void> | void;
}

/** Parts start in the order they were added and stop in reverse. */
export interface Lifecycle {
  add(part: LifecyclePart): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A failed start stops what had started and rethrows; a failed stop is logged and the others still stop. */
export function createLifecycle(logger: Logger): Lifecycle {
  const parts: LifecyclePart[] = [];
  const started: LifecyclePart[] = [];

  const stop = async (): Promise<void> => {
    for (let part = started.pop(); part !== undefined; part = started.pop()) {
      try {
        await part.stop?.();
      } catch (error) {
        logger.error({ err: error, part: part.name }, 'could not stop cleanly');
      }
    }
  };

  return {
    add(part) {
      parts.push(part);
    },
    async start() {
      try {
        for (const part of parts) {
          await part.start?.();
          started.push(part);
        }
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}
