import { describeLaws } from './laws/laws-suite';

describe('laws over Prometheus', () => {
  describeLaws('prometheus', 1);
});
