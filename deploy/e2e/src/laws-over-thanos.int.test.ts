import { describeLaws } from './laws/laws-suite';

describe('laws over Thanos', () => {
  describeLaws('thanos', 1);
});
