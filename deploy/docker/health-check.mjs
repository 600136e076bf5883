/** The health check of an image: exit code 0 while the service's process answers on its admin port. */
const { ADMIN_PORT } = process.env;

const answer = await fetch(`http://127.0.0.1:${ADMIN_PORT}/healthz`, { signal: AbortSignal.timeout(2_000) });
if (!answer.ok) throw new Error(`/healthz answered ${answer.status}`);
