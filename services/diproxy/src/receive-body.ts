import type { IncomingMessage } from 'node:http';
import { AppError } from '@cloudtuner/errors';
import { bodyTooLarge } from './admit';
import type { Reservation } from './in-flight';

/**
 * The whole body, within bytes, time and what the process may hold. After an error the rest is still unread.
 *
 * @throws body-too-large, gateway-overloaded, request-aborted when it is too slow or the client goes away
 */
export function receiveBody(
  request: IncomingMessage,
  reservation: Reservation,
  limits: { readonly maxBodyBytes: number; readonly timeoutMs: number },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      finish();
    };
    const fail = (error: unknown): void => {
      settle(() => {
        request.pause();
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    };
    const onData = (chunk: Buffer): void => {
      received += chunk.length;
      try {
        if (received > limits.maxBodyBytes) throw bodyTooLarge(limits.maxBodyBytes);
        reservation.addBytes(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const onEnd = (): void => {
      const [only] = chunks;
      settle(() => {
        resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, received));
      });
    };
    const onClose = (): void => {
      fail(new AppError('request-aborted', 'The client went away before the body was complete.'));
    };
    const timer = setTimeout(() => {
      fail(new AppError('request-aborted', 'The body took too long to arrive.'));
    }, limits.timeoutMs);
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}
