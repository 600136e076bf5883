import { sameMachines, strangers } from '../../testing/provider-ids';
import { providerKeyOf } from './provider-key';

describe('providerKeyOf', () => {
  it.each(sameMachines)('knows a machine or disk by %s and %s', (ofCluster, ofBill, key) => {
    expect([providerKeyOf(ofCluster), providerKeyOf(ofBill)]).toEqual([key, key]);
  });

  it.each(strangers)('knows nothing by %s', (text) => {
    expect(providerKeyOf(text)).toBe('');
  });
});
