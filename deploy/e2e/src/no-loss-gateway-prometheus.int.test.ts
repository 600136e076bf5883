import { describeNoLoss, gatewayScenarios } from './no-loss/suite';

describe('no loss: the gateway in trouble', () => {
  describeNoLoss('prometheus3', '2.0', gatewayScenarios);
});
