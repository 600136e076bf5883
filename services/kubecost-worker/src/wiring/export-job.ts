import type { Registry } from '@cloudtuner/service-kit';
import { createExportSource } from '../adapters/clickhouse/export-source';
import { createHourStore } from '../adapters/clickhouse/hour-store';
import { connectInflux } from '../adapters/influxdb/influx-connection';
import { createInfluxSink } from '../adapters/influxdb/influx-sink';
import { influxOf } from '../clients';
import type { Config } from '../config';
import { createExportMetrics } from '../export-metrics';
import { exportInfluxdbJob } from '../jobs/export-influxdb';
import type { Connections } from './connections';
import type { JobPorts } from './job-ports';

const labelsOf = (keys: string): readonly string[] => keys.split(',').map((key) => key.trim());

/** The job that exports; undefined: nothing is exported. */
export function createExportJob(
  config: Config,
  { accounts, locks, now, log }: JobPorts,
  { clickhouse, registry }: Pick<Connections, 'clickhouse'> & { registry: Registry },
) {
  const influx = influxOf(config);
  if (influx === null) return undefined;
  return exportInfluxdbJob({
    ...{ accounts, locks, log, store: createHourStore(clickhouse) },
    source: createExportSource(clickhouse, {
      owner: labelsOf(config.INFLUXDB_OWNER_LABELS),
      team: labelsOf(config.INFLUXDB_TEAM_LABELS),
    }),
    sink: createInfluxSink(connectInflux(influx), config.INFLUXDB_DATABASE),
    observe: createExportMetrics([registry], now),
  });
}
