import fc from 'fast-check';
import { decodeAnswer } from './answer';
import { AnswerDecoder } from './answer-decoder';

function decodeInPieces(text: string, bytesPerPiece = 64 * 1024): ReturnType<AnswerDecoder['end']> {
  const bytes = Buffer.from(text);
  const decoder = new AnswerDecoder();
  for (let from = 0; from < bytes.length; from += bytesPerPiece)
    decoder.push(bytes.subarray(from, from + bytesPerPiece));
  return decoder.end();
}

const answerOf = (result: unknown, more: object = {}): string =>
  JSON.stringify({ status: 'success', data: { resultType: 'matrix', result }, ...more });

const odd = [
  'NaN',
  '+Inf',
  '-Inf',
  '-0',
  '0',
  '1e-320',
  '1.7976931348623157e+308',
  '5e-324',
  '0.1',
  '123456789012345678',
];
const value = fc.oneof(
  fc.constantFrom(...odd),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
  fc.tuple(fc.nat(999_999), fc.nat(999_999_999)).map(([whole, decimals]) => `${String(whole)}.${String(decimals)}`),
);
const timestamp = fc.nat(4_000_000_000_000).map((ms) => ms / 1000);
const label = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('"', '\\', '{', '}', '[', '],', '"values":[['));
const oneSeries = fc.record({
  metric: fc.dictionary(label, label, { maxKeys: 4 }),
  values: fc.array(fc.tuple(timestamp, value), { minLength: 1, maxLength: 5 }),
});

describe('AnswerDecoder', () => {
  it('reads a matrix in pieces of any size as it is read in one', () => {
    fc.assert(
      fc.property(fc.array(oneSeries, { maxLength: 4 }), fc.integer({ min: 1, max: 300 }), (result, bytesPerPiece) => {
        const text = answerOf(result, { infos: ['PromQL info: x'] });
        expect(decodeInPieces(text, bytesPerPiece)).toEqual(decodeAnswer(JSON.parse(text)));
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['a vector', { status: 'success', data: { resultType: 'vector', result: [{ metric: {}, value: [1, '2'] }] } }],
    ['a scalar', { status: 'success', data: { resultType: 'scalar', result: [1, '2'] } }],
    [
      'keys in another order',
      { data: { result: [{ values: [[1, '2']], metric: {} }], resultType: 'matrix' }, status: 'success' },
    ],
    ['times beyond milliseconds', JSON.parse(answerOf([{ metric: {}, values: [[1.23456, '2']] }]))],
    ['times with an exponent', JSON.parse(answerOf([{ metric: {}, values: [[1e21, '2']] }]))],
    [
      'series with native histograms among others',
      JSON.parse(
        answerOf([
          { metric: { a: '1' }, values: [[1, '2']] },
          { metric: { a: '2' }, histograms: [[1, { count: '1', sum: '2' }]] },
          { metric: { a: '3' }, values: [[1, '2']], histograms: [[1, { count: '1', sum: '2' }]] },
          { metric: { a: '4' }, values: [[1, '4']] },
        ]),
      ),
    ],
  ])('reads %s', (_what, body: unknown) => {
    for (const text of [JSON.stringify(body), JSON.stringify(body, undefined, 2)]) {
      for (const bytesPerPiece of [1, 10, 1000])
        expect(decodeInPieces(text, bytesPerPiece)).toEqual(decodeAnswer(body));
    }
  });

  it('keeps equal times and values of neighbours once, and takes nothing for equal that is not', () => {
    const samples = (...values: string[]) => values.map((text, index) => [index + 1, text]);
    const metric = (name: string, values: unknown) => ({ metric: { name }, values });
    const text = answerOf([
      metric('ones', samples('1', '1')),
      metric('ones again', samples('1', '1')),
      metric('one more', samples('1', '1', '1')),
      metric('one less', samples('1', '1')),
      metric('a later one', [
        [1, '1'],
        [3, '1'],
      ]),
      metric('zero', samples('0', 'NaN')),
      metric('the other zero', samples('-0', 'NaN')),
    ]);
    const { series } = decodeInPieces(text);
    expect(series).toEqual(decodeAnswer(JSON.parse(text)).series);
    const [ones, again] = series;
    expect(again?.timestampsMs).toBe(ones?.timestampsMs);
    expect(again?.values).toBe(ones?.values);
  });

  const whole = answerOf([
    { metric: { a: '1' }, values: [[1, '2']] },
    { metric: { a: '2' }, values: [[1, '2']] },
  ]);

  it('refuses an answer that is cut at any byte', () => {
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => decodeInPieces(whole.slice(0, length), 20)).toThrow('The metrics store');
    }
  });

  it.each([
    ['a value that is no number', whole.replace('"2"]', '"2x"]')],
    ['two points', whole.replace('"2"]', '"2.1.1"]')],
    ['no value', whole.replace('"2"]', '""]')],
    ['a label that is no text', whole.replace('"a":"1"', '"a":1')],
    ['a trailing comma', whole.replace(']}]}}', ']},]}}')],
    ['something behind it', `${whole}x`],
    ['another status', whole.replace('success', 'partial')],
    ['a warning that a part is missing', whole.replace(/}$/, ',"warnings":["store is away"]}')],
  ])('refuses %s', (_what, text) => {
    for (const bytesPerPiece of [1, 20, 1000]) {
      expect(() => decodeInPieces(text, bytesPerPiece)).toThrow('The metrics store');
    }
  });
});
