import { createAllocationParser } from './allocation-stream';
import type { KubecostAllocation } from './index';

const row = (name: string, fields: object = {}): string => `"${name}":${JSON.stringify({ name, ...fields })}`;
const answer = (...rows: string[]): string => `{"code":200,"status":"success","data":[{${rows.join()}}]}`;

/** Parses a text that arrives in pieces of so many bytes. */
function parse(text: string, pieceBytes = text.length): KubecostAllocation[] {
  const rows: KubecostAllocation[] = [];
  const parser = createAllocationParser((found) => rows.push(found));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) parser.write(bytes.subarray(at, at + pieceBytes));
  parser.end();
  return rows;
}

describe('createAllocationParser', () => {
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
});
