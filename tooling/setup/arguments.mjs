import { SetupError } from './setup-error.mjs';

const PURPOSES = ['demo', 'test', 'check', 'stack'];
const STORES = ['thanos', 'prometheus'];
export const USAGE = `usage: npm run setup -- --for ${PURPOSES.join('|')} [--store=${STORES.join('|')}]`;

/** Parses the command line into `{ purpose, store }`. */
export function parseArguments(args) {
  const values = {};
  for (let i = 0; i < args.length; i += 1) {
    const [, name, inline] = /^--(for|store)(?:=(.*))?$/.exec(args[i]) ?? [];
    if (!name) throw new SetupError(`${args[i]} is not known.\n${USAGE}`);
    if (inline === undefined) i += 1;
    values[name] = inline ?? args[i];
  }
  if (!PURPOSES.includes(values.for)) throw new SetupError(USAGE);
  if (values.store !== undefined && !STORES.includes(values.store)) throw new SetupError(USAGE);
  return { purpose: values.for, store: values.store };
}
