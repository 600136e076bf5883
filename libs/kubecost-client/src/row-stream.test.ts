import { allocationSchema } from './allocation-schema';
import { createRowParser } from './row-stream';
import type { KubecostAllocation } from './index';

const row = (name: string, fields: object = {}): string => `"${name}":${JSON.stringify({ name, ...fields })}`;
const answer = (...rows: string[]): string => `{"code":200,"status":"success","data":[{${rows.join()}}]}`;

/** Parses a text that arrives in pieces of so many bytes. */
function parse(text: string, pieceBytes = text.length): KubecostAllocation[] {
  const rows: KubecostAllocation[] = [];
  const parser = createRowParser({ schema: allocationSchema, onRow: (found) => rows.push(found) });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) parser.write(bytes.subarray(at, at + pieceBytes));
  parser.end();
  return rows;
}

describe('createRowParser', () => {
  it('gives the rows of every step, whatever the pieces they arrive in', () => {
    const text = `{"code":200,"data":[{${row('a', { cpuCost: 0.25 })}},null,{${row('b€', { cpuCost: 1e-7 })}}]}`;
    for (const pieceBytes of [1, 2, 7, 1000]) {
      expect(parse(text, pieceBytes).map(({ name, cpuCost }) => [name, cpuCost])).toEqual([
        ['a', 0.25],
        ['b€', 1e-7],
      ]);
    }
  });

  it('keeps a field that it does not know and makes a missing one null', () => {
    const [found] = parse(answer(row('a', { newCost: 3, properties: { cluster: 'c', zone: 'z' } })));
    expect(found).toMatchObject({ newCost: 3, cpuCost: null, minutes: null, window: null });
    expect(found?.properties).toMatchObject({ cluster: 'c', zone: 'z', namespace: null, labels: null });
  });

  it('names the place of a field whose type has changed', () => {
    expect(() => parse(answer(row('ok'), row('c/n/ns/p/x', { ramCost: '1.5' })))).toThrow(
      expect.objectContaining({
        code: 'kubecost-answer-unexpected',
        details: { path: 'data[0].c/n/ns/p/x.ramCost', problem: expect.stringContaining('expected number') },
      }),
    );
  });

  it.each([
    ['a text in place of the list', '{"code":200,"data":"none"}', 'data'],
    ['an object in place of the list', `{"code":200,"data":{${row('a')}}}`, 'data'],
    ['no list at all', '{"code":200}', 'data'],
    ['another code', '{"code":500,"data":[]}', 'code'],
    ['what is no JSON', '{"code":200,"data":[{oops', 'the text'],
  ])('refuses %s', (_what, text, path) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'kubecost-answer-unexpected', details: expect.objectContaining({ path }) }),
    );
  });

  it('does not take the word "data" elsewhere for the list', () => {
    const text = `{"status":"data","message":"data","code":200,"data":[{${row('a', { data: 'x', properties: { labels: { data: 'y' } } })}}]}`;
    expect(parse(text).map(({ name }) => name)).toEqual(['a']);
  });

  it('takes null and an empty list for no row', () => {
    expect(parse('{"code":200,"data":null}')).toEqual([]);
    expect(parse('{"code":200,"data":[{}]}')).toEqual([]);
  });

  it('tells an answer that ends too early from a whole one', () => {
    const whole = answer(row('a'), row('b'));
    for (const bytes of [0, 1, 30, whole.length - 1]) {
      expect(() => parse(whole.slice(0, bytes))).toThrow(expect.objectContaining({ code: 'kubecost-unavailable' }));
    }
  });

  describe('of one set, where it may be one', () => {
    const parseSet = (text: string, mayBeOneSet = true): [string, number][] => {
      const places: [string, number][] = [];
      const parser = createRowParser({
        ...{ schema: allocationSchema, mayBeOneSet },
        onRow: (_row, { key, set }) => places.push([key, set]),
      });
      for (const byte of Buffer.from(text)) parser.write(Uint8Array.of(byte));
      parser.end();
      return places;
    };
    const rows = `${row('a', { properties: { cluster: 'c' } })},${row('b')}`;

    it('gives its rows, as it does those of a list of sets, wherever `data` stands', () => {
      expect(parseSet(`{"code":200,"data":{${rows}}}`)).toEqual([
        ['a', 0],
        ['b', 0],
      ]);
      expect(parseSet(`{"data":[{${rows}},null,{${row('c')}}],"code":200}`)).toEqual([
        ['a', 0],
        ['b', 0],
        ['c', 2],
      ]);
    });

    it.each([
      ['a set where it has to be a list', `{"code":200,"data":{${rows}}}`, false, 'data'],
      ['a text', '{"code":200,"data":"none"}', true, 'data'],
      ['an error', '{"code":500,"message":"no"}', true, 'code'],
      ['an error that has its data first', '{"data":null,"code":500}', true, 'code'],
      ['nothing', '{"code":200}', true, 'data'],
      ['a field of another type', `{"code":200,"data":{${row('a', { cpuCost: 'x' })}}}`, true, 'data.a.cpuCost'],
    ])('refuses %s, and names the place', (_what, text, mayBeOneSet, where) => {
      const refused: unknown = expect.objectContaining({
        code: 'kubecost-answer-unexpected',
        details: expect.objectContaining({ path: where }) as unknown,
      });
      expect(() => parseSet(text, mayBeOneSet)).toThrow(refused as Error);
    });
  });
});
