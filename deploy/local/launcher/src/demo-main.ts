import { workspaceRoot } from '@cloudtuner/local-servers';
import { startDemo } from './demo';
import { FlagError, parseFlags, usage } from './flags';
import { StopStack } from './stop-stack';
import { runUntilSignal } from './terminate';

function main(): void {
  const running = new StopStack();
  void runUntilSignal(process, running, async () => {
    const say = (line: string): void => {
      process.stdout.write(`${line}\n`);
    };
    try {
      const flags = parseFlags(process.argv.slice(2));
      const demo = await startDemo({ flags, root: workspaceRoot(), running, say, now: Date.now });
      say(demo.text);
    } catch (error) {
      if (error instanceof FlagError)
        throw new Error(`${error.message}\n\nnpm run demo -- [flags]\n${usage}`, { cause: error });
      throw error;
    }
  });
}

main();
