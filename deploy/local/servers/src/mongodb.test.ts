import { pingMessage } from './mongodb';

describe('the ping of the MongoDB protocol', () => {
  it('is an OP_MSG of 51 bytes with one document of 30', () => {
    const message = pingMessage();
    // Header 16 + flags 4 + section kind 1 + document: 4 + ping (1+5+4) + $db (1+4+4+6) + 1 = 30.
    expect(message.length).toBe(51);
    expect(message.readInt32LE(0)).toBe(51);
    expect(message.readInt32LE(12)).toBe(2013);
    expect(message.readInt32LE(21)).toBe(30);
    expect(message.at(-1)).toBe(0);
  });
});
