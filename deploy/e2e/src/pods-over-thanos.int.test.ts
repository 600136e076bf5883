import { describePods } from './pods-suite';

describe('pods over Thanos', () => {
  describePods('thanos', { shop: 0, research: 17_345 });
});
