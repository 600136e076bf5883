import type { IncomingMessage } from 'node:http';
import { AppError } from '@cloudtuner/errors';

const mediaType = 'application/x-protobuf';
const version1Message = 'prometheus.WriteRequest';
const version2Message = 'io.prometheus.write.v2.Request';

function unsupported(what: string): AppError {
  return new AppError('unsupported-media-type', what);
}

/** Source: Remote Write 2.0, "Content-Type"; RFC 9110 allows blanks around the semicolon and quotes. */
function checkContentType(header: string | undefined): void {
  // Prometheus takes a missing type for 1.0.
  if (header === undefined) return;
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim());
  if (type.toLowerCase() !== mediaType) throw unsupported(`The Content-Type must be ${mediaType}.`);
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=', 2).map((part) => part.trim());
    if (name.toLowerCase() !== 'proto') continue;
    const message = value.replace(/^"(.*)"$/, '$1');
    if (message === version2Message) {
      // A store that reads 1.0 finds nothing in a 2.0 body and answers 2xx: never pass it on.
      throw new AppError('remote-write-version-unsupported', 'Send Remote Write 1.0 (prometheus.WriteRequest).');
    }
    if (message !== version1Message) throw unsupported('The message type is not a known one of Remote Write.');
  }
}

/**
 * Lets in what may be read: the right form, and a length below the limit.
 *
 * @throws unsupported-media-type, remote-write-version-unsupported, body-too-large
 */
export function admit(request: IncomingMessage, maxBodyBytes: number): void {
  checkContentType(request.headers['content-type']);
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'snappy') {
    throw unsupported('The Content-Encoding must be snappy.');
  }
  const announced = request.headers['content-length'];
  if (announced !== undefined && Number(announced) > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
}

export function bodyTooLarge(maxBodyBytes: number): AppError {
  return new AppError('body-too-large', `The compressed body is larger than ${String(maxBodyBytes)} bytes.`);
}
