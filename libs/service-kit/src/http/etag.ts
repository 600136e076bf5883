/**
 * True when the client has the version of this ETag already.
 *
 * Source: RFC 9110, section 13.1.2: the weak comparison, whatever `Cache-Control` the request has; that is for caches.
 */
export function isKnownVersion(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');
  return ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((tag) => opaque(tag) === opaque(etag));
}
