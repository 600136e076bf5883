import type { MetroculusClient } from '@cloudtuner/metroculus-client';
import { hourSeconds } from '../../domain/calendar';
import type { DescriptionReader } from '../../ports';

/** What describes clusters as metroculus reads it from the samples. */
export function createDescriptionReader(client: Pick<MetroculusClient, 'getKubecostDescriptions'>): DescriptionReader {
  return {
    readDescriptions: (cloudAccountId, hour, signal) =>
      client.getKubecostDescriptions({ cloudAccountId, startSeconds: hour, endSeconds: hour + hourSeconds, signal }),
  };
}
