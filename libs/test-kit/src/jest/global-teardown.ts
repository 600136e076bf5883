import type { WithBroker } from './global-setup';

async function globalTeardown(): Promise<void> {
  await (globalThis as WithBroker).cloudtunerBroker?.stop();
}

// Jest takes what the module itself is.
module.exports = globalTeardown;
