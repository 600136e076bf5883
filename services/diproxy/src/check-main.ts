import { parentPort, workerData } from 'node:worker_threads';
import { createCheck, type CheckJob } from './check';
import { refusalOf, transferable, type CheckReply } from './check-thread';
import type { SeriesPolicy } from './validate-and-rewrite';

// The thread for large bodies: one job in, one reply out, the bytes handed over instead of copied.
const check = createCheck(workerData as SeriesPolicy);

parentPort?.on('message', (job: CheckJob) => {
  let reply: CheckReply;
  try {
    const checked = check(job);
    const { bytes, transfer } = transferable(checked.body);
    parentPort?.postMessage({ kind: 'checked', checked: { ...checked, body: bytes } } satisfies CheckReply, transfer);
    return;
  } catch (thrown) {
    reply = refusalOf(thrown);
  }
  parentPort?.postMessage(reply);
});
parentPort?.postMessage({ kind: 'ready' } satisfies CheckReply);
