import { describeDollars } from './dollars-suite';

describe('dollars over Prometheus', () => {
  describeDollars('prometheus');
});
