/** A window of two RFC 3339 times in UTC with whole seconds, the form that our client sends; others are not known here. */
export function parseWindow(text: string): { startMs: number; endMs: number } | undefined {
  const times = text.split(',');
  const isWindow = times.length === 2 && times.every((time) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time));
  const [startMs = NaN, endMs = NaN] = times.map((time) => Date.parse(time));
  return isWindow && startMs < endMs ? { startMs, endMs } : undefined;
}
