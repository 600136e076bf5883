import type { Duplex } from 'node:stream';
import { AppError, problemOf } from '@cloudtuner/errors';

const farewellMs = 1_000;

const statusTexts: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
  431: 'Request Header Fields Too Large',
};

function errorOf({ code }: NodeJS.ErrnoException): AppError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new AppError('headers-too-large', 'The address and the headers are too large together.');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new AppError('body-too-large', 'The extensions of a chunk are too large.');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new AppError('request-aborted', 'The request was not complete in time.');
    default:
      return new AppError('invalid-request', 'The request is not HTTP.');
  }
}

/**
 * Answers a request that is not HTTP, or too long to be read, with a problem document. What the client still sends is read and dropped for
 * a moment: closing at once would reset the connection before the answer is read.
 */
export function answerFault(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy(error);
    return;
  }
  const problem = problemOf(errorOf(error));
  const text = JSON.stringify(problem);
  socket.removeAllListeners('data').resume();
  socket.end(
    `HTTP/1.1 ${String(problem.status)} ${statusTexts[problem.status] ?? ''}\r\n` +
      'Content-Type: application/problem+json\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n' +
      `Content-Length: ${String(Buffer.byteLength(text))}\r\n\r\n${text}`,
  );
  const cut = setTimeout(() => socket.destroy(), farewellMs);
  socket.once('close', () => {
    clearTimeout(cut);
  });
}
