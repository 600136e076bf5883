import { parseCommandLine } from './command-line';
import { startExporter } from './exporter';
import { createSampleCluster } from './sample-cluster';

/** How often to look whether the parent is still there, in milliseconds. */
const PARENT_CHECK_MS = 500;

async function main(): Promise<void> {
  const { cluster, host, port, exitWithParent } = parseCommandLine(process.argv.slice(2), process.env);
  const exporter = await startExporter({ cluster: createSampleCluster(cluster), host, port });
  const parentPid = process.ppid;
  // A process whose parent has ended is given another one.
  const parentCheck = exitWithParent
    ? setInterval(() => {
        if (process.ppid !== parentPid) stop();
      }, PARENT_CHECK_MS)
    : undefined;
  const stop = (): void => {
    clearInterval(parentCheck);
    void exporter.stop();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ msg: 'ready', listening: exporter.port, pid: process.pid })}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
