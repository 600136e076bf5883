import { decodeLabelValues } from './label-values';

describe('decodeLabelValues', () => {
  it('reads values, also none', () => {
    expect(decodeLabelValues({ status: 'success', data: ['a', 'b'] })).toEqual(['a', 'b']);
    expect(decodeLabelValues({ status: 'success', data: null })).toEqual([]);
  });

  it('takes a partial answer for an error, not for less', () => {
    const answer = { status: 'success', data: ['a'], warnings: ['rpc error: code = Unavailable'] };
    expect(() => decodeLabelValues(answer)).toThrow('only a part');
  });

  it.each([{}, null, { status: 'error', data: [] }, { status: 'success', data: [1] }])('refuses %j', (answer) => {
    expect(() => decodeLabelValues(answer)).toThrow('in a form that is not its own');
  });
});
