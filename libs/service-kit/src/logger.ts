import { pino, type DestinationStream, type Logger } from 'pino';
import { currentRequestId } from './request-context';

export type { Logger } from 'pino';

const secretPaths = ['authorization', 'secret', 'password', 'token', 'cookie', 'credentials'].flatMap((name) => [
  name,
  `*.${name}`,
  `*.*.${name}`,
]);

// A write for every line would cost a busy service a tenth of its CPU time; an idle one is this late with a line.
const bufferBytes = 4_096;
const flushMs = 100;

/** A JSON logger: one line an event, `request_id` from the context, secrets redacted. */
export function createLogger(options: { service: string; level: string; destination?: DestinationStream }): Logger {
  const { service, level, destination } = options;
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretPaths, censor: '[redacted]' },
      mixin: () => {
        const requestId = currentRequestId();
        return requestId === undefined ? {} : { request_id: requestId };
      },
    },
    destination ?? pino.destination({ fd: 1, sync: false, minLength: bufferBytes, periodicFlush: flushMs }),
  );
}
