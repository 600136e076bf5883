import { migrate } from '@cloudtuner/clickhouse';
import { ConfigError, createLogger } from '@cloudtuner/service-kit';
import { clickhouseOf, schemaOf } from './clients';
import { config, type Config } from './config';

// sysexits.h: EX_CONFIG
const configurationExitCode = 78;

function parse(): Config | undefined {
  try {
    return config.parse(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`kubecost-worker: ${error.message}\n`);
    process.exitCode = configurationExitCode;
    return undefined;
  }
}

/** Brings the schema of ClickHouse up to date, once, and ends: exit code 0, or 1 when it could not. */
async function run(): Promise<void> {
  const parsed = parse();
  if (parsed === undefined) return;
  const logger = createLogger({ service: 'kubecost-worker', level: parsed.LOG_LEVEL });
  const clickhouse = clickhouseOf(parsed);
  try {
    const { applied, latest } = await migrate(clickhouse, schemaOf(parsed));
    logger.info({ applied, latest }, 'the schema of ClickHouse is ready');
  } catch (error) {
    logger.fatal({ err: error }, 'the schema of ClickHouse could not be brought up to date');
    process.exitCode = 1;
  } finally {
    await clickhouse.close();
  }
}

void run();
