import { clickhouseError } from './clickhouse-error';

const boundaryPattern = /^multipart\/form-data\s*;.*?boundary="?([^";]+)"?/i;

/**
 * The boundary of a form, or undefined for another kind of body.
 *
 * @param contentType - Content-Type of a request
 */
export function formBoundary(contentType: string | undefined): string | undefined {
  return boundaryPattern.exec(contentType ?? '')?.[1];
}

/**
 * Reads the fields of a `multipart/form-data` body: the form in which clients send long query parameters.
 *
 * @param body - the whole body
 * @param boundary - as named in Content-Type
 * @throws {@link ClickhouseError} BAD_ARGUMENTS when the body is no such form, NOT_IMPLEMENTED for external tables
 */
export function parseFormData(body: Buffer, boundary: string): Map<string, string> {
  const parts = `\r\n${body.toString('latin1')}`.split(`\r\n--${boundary}`);
  if (parts.length < 2 || !parts.at(-1)?.startsWith('--')) {
    throw clickhouseError('BAD_ARGUMENTS', 'The multipart/form-data body is incomplete');
  }
  const fields = new Map<string, string>();
  for (const part of parts.slice(1, -1)) {
    const headEnd = part.indexOf('\r\n\r\n');
    const head = part.slice(0, headEnd);
    const name = /\bname="([^"]*)"/i.exec(head)?.[1];
    if (headEnd < 0 || name === undefined) throw clickhouseError('BAD_ARGUMENTS', 'A part of the form has no name');
    if (/\bfilename=/i.test(head)) {
      throw clickhouseError('NOT_IMPLEMENTED', 'The embedded ClickHouse does not support external tables');
    }
    fields.set(
      Buffer.from(name, 'latin1').toString('utf8'),
      Buffer.from(part.slice(headEnd + 4), 'latin1').toString('utf8'),
    );
  }
  return fields;
}
