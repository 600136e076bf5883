import { startBroker, type Broker } from './broker';
import { brokerVariable } from './broker-address';

/** Where the teardown, which Jest runs in the same process, finds the broker. */
export interface WithBroker {
  cloudtunerBroker?: Broker;
}

async function globalSetup(): Promise<void> {
  const broker = await startBroker();
  (globalThis as WithBroker).cloudtunerBroker = broker;
  process.env[brokerVariable] = broker.url;
}

// Jest takes what the module itself is.
module.exports = globalSetup;
