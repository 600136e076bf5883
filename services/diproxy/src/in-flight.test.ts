import { InFlight } from './in-flight';

describe('InFlight', () => {
  it('gives back exactly what a request held, once', () => {
    const inFlight = new InFlight({ maxRequests: 1, maxBytes: 10, maxAccountBytes: 10 });
    const first = inFlight.reserve('a', 1);
    first.addBytes(6);
    first.enter();
    const second = inFlight.reserve('b', 1);
    expect(() => {
      second.addBytes(5);
    }).toThrow(/as many bytes/);
    second.addBytes(4);
    expect(() => {
      second.enter();
    }).toThrow(/as many writes/);
    second.release();
    first.release();
    first.release();
    expect([inFlight.requests, inFlight.bytes, inFlight.accountCount]).toEqual([0, 0, 0]);
  });

  it('keeps room for others when one account takes all that it may', () => {
    const inFlight = new InFlight({ maxRequests: 4, maxBytes: 10, maxAccountBytes: 5 });
    const greedy = [1, 2, 3].map(() => inFlight.reserve('greedy', 2));
    greedy[0]?.addBytes(5);
    expect(() => greedy[1]?.addBytes(1)).toThrow(expect.objectContaining({ code: 'account-overloaded' }));
    greedy[0]?.enter();
    greedy[1]?.enter();
    expect(() => greedy[2]?.enter()).toThrow(expect.objectContaining({ code: 'account-overloaded' }));
    const quiet = inFlight.reserve('quiet', 2);
    quiet.addBytes(5);
    quiet.enter();
    expect([inFlight.requests, inFlight.bytes, inFlight.accountCount]).toEqual([3, 10, 2]);
    greedy[0]?.release();
    greedy[2]?.addBytes(5);
    greedy[2]?.enter();
    for (const reservation of [...greedy, quiet]) reservation.release();
    expect([inFlight.requests, inFlight.bytes, inFlight.accountCount]).toEqual([0, 0, 0]);
  });
});
