import { describePods } from './pods-suite';

describe('pods over Thanos', () => {
  describePods('thanos');
});
