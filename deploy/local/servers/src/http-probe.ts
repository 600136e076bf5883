const answerDeadlineMs = 1_000;

/** Whether a GET of this URL is answered by a 2xx within a second. */
export async function answersOk(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(answerDeadlineMs) });
  await answer.arrayBuffer();
  return answer.ok;
}

/** What a GET of this URL answers as JSON, or undefined when it is not a 2xx. */
export async function fetchJson(url: string): Promise<unknown> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(answerDeadlineMs) });
  const text = await answer.text();
  return answer.ok ? JSON.parse(text) : undefined;
}
