import { describeNoLoss, gatewayScenarios } from './no-loss/suite';

describe('no loss: the gateway in trouble', () => {
  describeNoLoss('thanos', '1.0', gatewayScenarios);
});
