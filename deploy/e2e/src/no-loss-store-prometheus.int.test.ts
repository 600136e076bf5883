import { describeNoLoss, storeScenarios } from './no-loss/suite';

describe('no loss: the store in trouble', () => {
  const { killed, answers500, answers404 } = storeScenarios;
  describeNoLoss('prometheus', '2.0', [killed, answers500, answers404]);
});
