import { describePods } from './pods-suite';

describe('pods over Prometheus', () => {
  describePods('prometheus', { shop: 42_001, research: 0 });
});
