import { utilizationSuite } from './utilization-suite';

describe('utilization over Prometheus', () => {
  utilizationSuite('prometheus');
});
