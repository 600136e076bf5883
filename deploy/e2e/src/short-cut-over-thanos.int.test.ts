import { describeShortCut } from './short-cut-suite';

describe('a Prometheus 2 that is refused over the end of an hour, over Thanos', () => {
  describeShortCut({ store: 'thanos', sender: 'prometheus', cut: 'refused' });
});
