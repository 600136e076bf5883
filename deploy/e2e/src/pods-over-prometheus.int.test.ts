import { describePods } from './pods-suite';

describe('pods over Prometheus', () => {
  describePods('prometheus');
});
