import { describeShortCut } from './short-cut-suite';

describe('a Prometheus 3 that gets no answer over the end of an hour, over Prometheus', () => {
  describeShortCut({ store: 'prometheus', sender: 'prometheus3', cut: 'hanging' });
});
