import { utilizationSuite } from './utilization-suite';

describe('utilization over Thanos', () => {
  utilizationSuite('thanos');
});
