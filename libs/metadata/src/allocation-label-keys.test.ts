import { checkedLabelKeys } from './allocation-label-keys';

describe('label keys that are summed by day', () => {
  it('are kept once each, in order', () => {
    expect(checkedLabelKeys(['team', 'app_kubernetes_io_name', 'team'])).toEqual(['app_kubernetes_io_name', 'team']);
    expect(checkedLabelKeys([])).toEqual([]);
  });

  it.each([
    ['a key that Prometheus would not have', ['app.kubernetes.io/name']],
    ['an empty key', ['']],
    ['more than ten', Array.from({ length: 11 }, (_none, index) => `k${String(index)}`)],
  ])('are refused with %s', (_what, keys) => {
    expect(() => checkedLabelKeys(keys)).toThrow(expect.objectContaining({ code: 'invalid-request' }));
  });
});
