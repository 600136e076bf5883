import { describeDollars } from './dollars-suite';

describe('dollars over Thanos', () => {
  describeDollars('thanos');
});
