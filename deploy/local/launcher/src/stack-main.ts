import { join } from 'node:path';
import { workspaceRoot } from '@cloudtuner/local-servers';
import { startBackingServers } from './backing-servers';
import { parseFlags } from './flags';
import { StopStack } from './stop-stack';
import { runUntilSignal } from './terminate';

function main(): void {
  const running = new StopStack();
  void runUntilSignal(process, running, async () => {
    const flags = parseFlags(process.argv.slice(2));
    const ports = {
      redis: flags['redis-port'],
      mongodb: flags['mongo-port'],
      clickhouse: flags['clickhouse-port'],
      store: flags['store-port'],
    };
    const dataDir = join(workspaceRoot(), '.local', 'stack');
    const { redis, mongodb, clickhouse, store } = await startBackingServers(
      { store: flags.store, dataDir, ports },
      running,
    );
    process.stdout.write(`The backing servers are up; Ctrl-C ends them. For a service's environment:

export REDIS_URL=${redis.url}
export MONGODB_URL=${mongodb.url} MONGODB_DATABASE=cloudtuner
export CLICKHOUSE_URL=${clickhouse.url} CLICKHOUSE_DATABASE=cloudtuner CLICKHOUSE_USERNAME=${clickhouse.username} CLICKHOUSE_PASSWORD=${clickhouse.password}
export METRICS_STORE=${store.kind} METRICS_WRITE_URL=${store.writeUrl} METRICS_QUERY_URL=${store.queryUrl}
`);
  });
}

main();
