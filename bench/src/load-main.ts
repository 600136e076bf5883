import { loadOrder } from './gateway/load-process';
import { prepareLoad } from './gateway/load';

// Told what to do by the first argument; says "ready" when warm, runs at "go", and answers with its result.
async function main(): Promise<void> {
  const load = await prepareLoad(loadOrder.parse(JSON.parse(process.argv[2] ?? '')));
  process.once('message', () => {
    void load.run().then(async (result) => {
      process.send?.(result);
      await load.close();
      process.disconnect();
    });
  });
  process.send?.('ready');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
