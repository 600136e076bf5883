import type http from 'node:http';
import type { Health } from '../health';

function sendJson(response: http.ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
  });
  response.end(text);
}

/** Answers `/healthz` and `/readyz`; false when the path is another one. */
export function answerHealth(path: string, health: Health, response: http.ServerResponse): boolean {
  if (path === '/healthz') {
    sendJson(response, 200, { status: 'ok' });
    return true;
  }
  if (path === '/readyz') {
    void health.readiness().then((readiness) => {
      sendJson(response, readiness.ready ? 200 : 503, {
        status: readiness.ready ? 'ready' : 'not ready',
        checks: readiness.checks,
      });
    });
    return true;
  }
  return false;
}
