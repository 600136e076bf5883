import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hasStopped } from './stopped-threads';
import { waitFor } from './wait-for';

it('tells a stopped process from a running one', async () => {
  const child = spawn('sleep', ['60']);
  const exited = once(child, 'exit');
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  expect(hasStopped(pid)).toBe(false);
  child.kill('SIGSTOP');
  await waitFor(() => hasStopped(pid));
  child.kill('SIGCONT');
  await waitFor(() => !hasStopped(pid));
  child.kill('SIGKILL');
  await exited;
});
