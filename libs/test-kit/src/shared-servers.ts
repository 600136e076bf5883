import { brokerVariable } from './jest/broker-address';

export interface ClickhouseAddress {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

export interface StoreAddress {
  /** Remote write. Thanos takes the tenant from the header `Cloud-Account-Id`; Prometheus has no tenants. */
  readonly writeUrl: string;
  /** The base of the query API. */
  readonly queryUrl: string;
}

/**
 * The servers that all test files of a run share. Each is started when the first test asks for it, so that a test pays
 * only for what it uses; all end with the run. A test that stops or breaks a server starts one of its own.
 */
export interface SharedServers {
  redisUrl(): Promise<string>;
  mongodbUrl(): Promise<string>;
  clickhouse(): Promise<ClickhouseAddress>;
  prometheus(): Promise<StoreAddress>;
  thanos(): Promise<StoreAddress>;
  influxdbUrl(): Promise<string>;
}

/** @throws Error outside the `int` project of Jest, and, when asked, for a server that could not be started. */
export function sharedServers(): SharedServers {
  const broker = process.env[brokerVariable];
  if (broker === undefined) throw new Error('Shared servers are there in *.int.test.ts only.');
  const ask = async <T>(name: string): Promise<T> => {
    const answer = await fetch(`${broker}/${name}`);
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as T;
  };
  return {
    redisUrl: async () => (await ask<{ url: string }>('redis')).url,
    mongodbUrl: async () => (await ask<{ url: string }>('mongodb')).url,
    clickhouse: () => ask('clickhouse'),
    prometheus: () => ask('prometheus'),
    thanos: () => ask('thanos'),
    influxdbUrl: async () => (await ask<{ url: string }>('influxdb')).url,
  };
}
