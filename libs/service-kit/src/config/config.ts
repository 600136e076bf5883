import { readFileSync } from 'node:fs';
import type { Field } from './fields';

type Fields = Readonly<Record<string, Field<unknown>>>;
type ValueOf<F> = F extends Field<infer T> ? T : never;
type Values<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** What a README or a chart test needs to know of one variable. */
export interface FieldDescription {
  readonly name: string;
  readonly doc: string;
  readonly type: string;
  readonly required: boolean;
  readonly secret: boolean;
  readonly default: string | undefined;
}

/** All problems of one environment at once: names and rules, never values. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** A service's configuration: its variables, their documentation and their parser. */
export interface ConfigDefinition<F extends Fields> {
  /** @throws ConfigError naming every variable that is missing or wrong. */
  parse(environment: Readonly<Record<string, string | undefined>>): Values<F>;
  describe(): readonly FieldDescription[];
}

/** The parsed, frozen configuration of a definition. */
export type ConfigOf<D> = D extends ConfigDefinition<infer F> ? Values<F> : never;

function readText(
  name: string,
  field: Field<unknown>,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const value = environment[name];
  const file = field.secret ? environment[`${name}_FILE`] : undefined;
  if (file === undefined || file === '') return value;
  if (value !== undefined && value !== '') throw new Error(`and ${name}_FILE are both set; keep one`);
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch {
    throw new Error(`_FILE names a file that cannot be read`);
  }
}

/** Defines a configuration; the keys are the names in the environment. */
export function defineConfig<const F extends Fields>(fields: F): ConfigDefinition<F> {
  return {
    parse(environment) {
      const problems: string[] = [];
      const values: Record<string, unknown> = {};
      for (const [name, field] of Object.entries(fields)) {
        try {
          const parsed = field.schema.safeParse(readText(name, field, environment));
          if (parsed.success) values[name] = parsed.data;
          else problems.push(`${name} ${parsed.error.issues.map((issue) => issue.message).join('; ')}`);
        } catch (error) {
          problems.push(
            `${name}${error instanceof Error && error.message.startsWith('_') ? '' : ' '}${String(error instanceof Error ? error.message : error)}`,
          );
        }
      }
      if (problems.length > 0) throw new ConfigError(problems);
      return Object.freeze(values) as Values<F>;
    },
    describe() {
      return Object.entries(fields).map(([name, field]) => ({
        name,
        doc: field.doc,
        type: field.typeText,
        required: field.required,
        secret: field.secret,
        default: field.defaultText,
      }));
    },
  };
}
