import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { RequestHandler } from 'express';
import { isKnownVersion } from './etag';

/** A file that is served as it is, to anybody. */
export interface StaticAsset {
  readonly path: string;
  readonly contentType: string;
  readonly content: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

const compress = promisify(gzip);

/** Serves the file; a client that has it hears 304. It is compressed once, when first asked for. */
export function serveAsset({ path, contentType, content, headers = {} }: StaticAsset): RequestHandler {
  const etag = `W/"${createHash('sha256').update(content).digest('base64url')}"`;
  let compressed: Promise<Buffer> | undefined;
  return async (request, response, next) => {
    // Express takes `/docs/` for `/docs`, and links of the page would lead elsewhere.
    if (request.path !== path) {
      next();
      return;
    }
    response.set({ ...headers, ETag: etag, 'Cache-Control': 'no-cache', Vary: 'Accept-Encoding' });
    response.setHeader('Content-Type', contentType);
    if (isKnownVersion(request.headers['if-none-match'], etag)) {
      response.status(304).end();
      return;
    }
    if (request.acceptsEncodings('gzip') === false) {
      response.end(content);
      return;
    }
    compressed ??= compress(content);
    response.setHeader('Content-Encoding', 'gzip');
    response.end(await compressed);
  };
}
