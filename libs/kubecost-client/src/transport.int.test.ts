import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTransport, sliceBytes } from './transport';

const answerBytes = 4 * 1024 ** 2;

/** Counts the turns of the event loop, as whoever waits for one sees them. */
function countTurns(): { readonly turns: number; stop(): void } {
  let turns = 0;
  let isCounting = true;
  const next = (): void => {
    turns += 1;
    if (isCounting) setImmediate(next);
  };
  setImmediate(next);
  return {
    get turns() {
      return turns;
    },
    stop() {
      isCounting = false;
    },
  };
}

describe('an answer that is read in pieces', () => {
  let server: Server;
  const text = randomBytes(answerBytes);
  beforeAll(async () => {
    server = createServer((_request, response) => response.end(text)).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => server.close());

  it('lets everybody else have a turn after each of them, and they are short', async () => {
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const transport = createTransport({ url, timeoutMs: 60_000, maxJsonBytes: 1, maxStreamBytes: answerBytes });
    const pieces: Buffer[] = [];
    const takenAt: number[] = [];
    const counted = countTurns();
    await transport.stream({ path: '/' }, (piece) => {
      pieces.push(Buffer.from(piece));
      takenAt.push(counted.turns);
    });
    counted.stop();
    await transport.close();
    expect(Buffer.concat(pieces).equals(text)).toBe(true);
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(sliceBytes);
    // No two in one turn, but for those between which the counter's own turn did not come first.
    const together = takenAt.filter((turn, index) => index > 1 && turn === takenAt[index - 2]);
    expect(together).toEqual([]);
    expect(new Set(takenAt).size).toBeGreaterThanOrEqual(answerBytes / sliceBytes / 2);
  });

  it('is as long as what is kept of it may be', async () => {
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const transport = createTransport({ url, timeoutMs: 60_000, maxJsonBytes: 1024, maxStreamBytes: answerBytes });
    await expect(transport.stream({ path: '/', isKept: true }, () => undefined)).rejects.toMatchObject({
      code: 'kubecost-answer-too-large',
    });
    await transport.close();
  });
});
