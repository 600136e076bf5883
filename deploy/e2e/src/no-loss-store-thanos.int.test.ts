import { describeNoLoss, storeScenarios } from './no-loss/suite';

describe('no loss: the store in trouble', () => {
  const { killed, answers429, hangs } = storeScenarios;
  describeNoLoss('thanos', '1.0', [killed, answers429, hangs]);
});
