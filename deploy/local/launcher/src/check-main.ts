import { checkInstallation } from './installation-checks';

/** `RESTAPI_URL`, `GATEWAY_URL` and `CLUSTER_SECRET` say where the installation is. Exit code 0: all checks passed. */
async function main(): Promise<void> {
  const { RESTAPI_URL, GATEWAY_URL, CLUSTER_SECRET } = process.env;
  if (RESTAPI_URL === undefined || GATEWAY_URL === undefined || CLUSTER_SECRET === undefined) {
    process.stderr.write('RESTAPI_URL, GATEWAY_URL and CLUSTER_SECRET have to be set\n');
    process.exitCode = 64;
    return;
  }
  const report = await checkInstallation({
    restapiUrl: RESTAPI_URL,
    gatewayUrl: GATEWAY_URL,
    clusterSecret: CLUSTER_SECRET,
  });
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  process.exitCode = report.checks.every(({ failure }) => failure === '') ? 0 : 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
