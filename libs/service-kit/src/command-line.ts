import { parseArgs } from 'node:util';
import { ConfigError } from './config/config';

/** Where a command line comes from and where its answer goes. */
export interface Terminal {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  out(text: string): void;
  fail(text: string): void;
}

/** Options of a command, by name without dashes. */
export type CommandOptions = Readonly<Record<string, string>>;

/** A command line that cannot be understood. */
export class UsageError extends Error {}

/** A program of several commands. */
export interface CommandLine<Command> {
  readonly commands: Readonly<Record<string, Command>>;
  /** Text about all commands, for who wrote one that cannot be understood. */
  usage(): string;
  /** Options that a command knows; each has a value. */
  optionsOf(command: Command): readonly string[];
  /** Resolves to the answer, which is written as JSON. @throws UsageError, ConfigError */
  run(command: Command, options: CommandOptions, name: string): Promise<unknown>;
  /** What is said of an error that neither the command line nor the environment has made. */
  explain(error: unknown): string;
}

// sysexits.h: EX_USAGE, EX_CONFIG
const usageExitCode = 64;
const configurationExitCode = 78;

function parseOptions(args: readonly string[], names: readonly string[]): CommandOptions {
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
  try {
    const { values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false });
    return Object.fromEntries(
      Object.entries(values).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
    );
  } catch (error) {
    throw new UsageError(String(Reflect.get(Object(error), 'message')), { cause: error });
  }
}

async function answerOf<Command>(line: CommandLine<Command>, args: readonly string[]): Promise<string> {
  const [name = '', ...rest] = args;
  const command = Object.hasOwn(line.commands, name) ? line.commands[name] : undefined;
  if (command === undefined) throw new UsageError(name === '' ? 'no command' : `there is no command "${name}"`);
  const options = parseOptions(rest, line.optionsOf(command));
  return JSON.stringify(await line.run(command, options, name), undefined, 2);
}

/** Runs one command; answers the exit code: 0, 1 when it did not go well, 64 for a command line that is none, 78 for the environment. */
export async function runCommandLine<Command>(line: CommandLine<Command>, terminal: Terminal): Promise<number> {
  try {
    terminal.out(`${await answerOf(line, terminal.args)}\n`);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.fail(`${error.message}\n\n${line.usage()}`);
      return usageExitCode;
    }
    if (error instanceof ConfigError) {
      terminal.fail(`${error.message}\n`);
      return configurationExitCode;
    }
    terminal.fail(`${line.explain(error)}\n`);
    return 1;
  }
}

/** Runs a command line of a process, which ends with its exit code. */
export async function runAsProcess(
  run: (terminal: Terminal) => Promise<number>,
  program: NodeJS.Process,
): Promise<void> {
  program.exitCode = await run({
    args: program.argv.slice(2),
    environment: program.env,
    out: (text) => program.stdout.write(text),
    fail: (text) => program.stderr.write(text),
  });
}
