import { startComposeDemo } from './compose-demo';
import { composeDemoConfig } from './compose-demo-config';
import { StopStack } from './stop-stack';
import { runUntilSignal } from './terminate';

const running = new StopStack();
void runUntilSignal(process, running, async () => {
  const config = composeDemoConfig.parse(process.env);
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const { metricsUrl } = await startComposeDemo({ config, running, say, now: Date.now });
  say(JSON.stringify({ msg: 'ready', metrics_url: metricsUrl, pid: process.pid }));
});
