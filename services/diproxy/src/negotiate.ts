import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '@cloudtuner/errors';
import type { CheckedWrite } from './check';
import type { WriteProtocol } from './ports';

const mediaType = 'application/x-protobuf';
const versionOfMessage: ReadonlyMap<string, WriteProtocol> = new Map([
  ['prometheus.WriteRequest', '1'],
  ['io.prometheus.write.v2.Request', '2'],
]);

function unsupported(what: string): AppError {
  return new AppError('unsupported-media-type', what);
}

/** The `proto` parameter. Source: RFC 9110 5.6.6: blanks around the semicolon, names in any case, values in quotes. */
function messageOf(parameters: readonly string[]): string | undefined {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=', 2).map((part) => part.trim());
    if (name.toLowerCase() === 'proto') return value.replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

/**
 * The protocol of a request. The Content-Type alone decides, as both specifications want it; `X-Prometheus-Remote-Write-
 * Version` is not looked at, because senders leave it out, and a mismatch says nothing about the body.
 *
 * Source: Remote Write 2.0, "Protocol"; a missing type or message means 1.0, a missing encoding snappy.
 *
 * @throws unsupported-media-type
 */
export function negotiate(headers: IncomingHttpHeaders): WriteProtocol {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'snappy') {
    throw unsupported('The Content-Encoding must be snappy.');
  }
  const contentType = headers['content-type'];
  if (contentType === undefined) return '1';
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim());
  if (type.toLowerCase() !== mediaType) throw unsupported(`The Content-Type must be ${mediaType}.`);
  const message = messageOf(parameters);
  if (message === undefined) return '1';
  const version = versionOfMessage.get(message);
  if (version === undefined) throw unsupported('The message type is not a known one of Remote Write.');
  return version;
}

/** The headers that a store of this protocol is sent: in the one spelling that every receiver reads. */
export const protocolHeaders: Readonly<Record<WriteProtocol, Readonly<Record<string, string>>>> = {
  1: {
    'content-type': mediaType,
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '0.1.0',
  },
  2: {
    'content-type': `${mediaType};proto=io.prometheus.write.v2.Request`,
    'content-encoding': 'snappy',
    'x-prometheus-remote-write-version': '2.0.0',
  },
};

/**
 * A 2.0 body under the type of 1.0 decodes as a request of unknown fields, and would be 2xx for nothing stored. Only the
 * version header gives such a sender away.
 *
 * @throws unsupported-media-type
 */
export function refuseMislabelled(headers: IncomingHttpHeaders, protocol: WriteProtocol, checked: CheckedWrite): void {
  const { decodedBytes, received } = checked;
  if (protocol !== '1' || decodedBytes === 0 || received.series > 0 || received.metadata > 0) return;
  const version = headers['x-prometheus-remote-write-version'];
  if (typeof version !== 'string' || !version.startsWith('2')) return;
  throw unsupported(
    'The version header says Remote Write 2.0, the Content-Type says 1.0, and nothing of 1.0 is in it.',
  );
}
