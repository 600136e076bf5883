import type { ServerResponse } from 'node:http';
import type { AllocationRow } from './rows';

/**
 * How the server misbehaves: `error` 500; `slow` answers after `slowMs`; `text` something that is no JSON; `type` a
 * number that has become a text; `half` breaks off in the middle of a row; `huge` repeats its rows up to `hugeBytes`, as
 * those of other pods;
 * `html` a login page, as a proxy in front answers.
 */
export const faults = ['none', 'error', 'slow', 'text', 'type', 'half', 'huge', 'html'] as const;

export type Fault = (typeof faults)[number];

/** Waits until more can be written, or the reader has gone. */
async function drained(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}

/** The row of another pod. */
export function podCopy(row: AllocationRow, name: string, copy: number): AllocationRow {
  const { properties } = row;
  return { ...row, name, properties: { ...properties, pod: `${properties.pod ?? ''}-${String(copy)}` } };
}

/** How an answer is broken. */
export interface Breakage<Row> {
  readonly fault: Fault;
  readonly hugeBytes: number;
  /** The same of something else. */
  readonly copyOf: (row: Row, name: string, copy: number) => Row;
}

/** One answer, a map for each step, written as the fault says. */
export async function writeSets<Row extends object>(
  response: ServerResponse,
  sets: readonly (readonly (readonly [string, Row])[])[],
  { fault, hugeBytes, copyOf }: Breakage<Row>,
): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.write('{"code":200,"status":"success","data":[{');
  const [rows = [], ...others] = sets;
  let written = 0;
  let isFirst = true;
  const entry = (name: string, row: Row): string => {
    const text = `${isFirst ? '' : ','}${JSON.stringify(name)}:${JSON.stringify(row)}`;
    isFirst = false;
    return text;
  };
  for (let copy = 0; copy === 0 || (fault === 'huge' && written < hugeBytes); copy += 1) {
    for (const [name, row] of rows) {
      const copyName = copy === 0 ? name : `${name}-${String(copy)}`;
      const text = entry(copyName, copy === 0 ? row : copyOf(row, copyName, copy));
      if (fault === 'half' && written > 0) {
        // The pieces so far have to be out, or there is nothing to break off.
        response.write(text.slice(0, text.length / 2), () => response.destroy());
        return;
      }
      written += text.length;
      if (response.destroyed) return;
      if (!response.write(text)) await drained(response);
    }
  }
  for (const other of others) {
    response.write(`},${JSON.stringify(Object.fromEntries(other)).slice(0, -1)}`);
  }
  response.end('}]}');
}

/** Rows of which a number has become a text. */
export function withChangedType<Row extends object>(rows: readonly (readonly [string, Row])[]): [string, Row][] {
  return rows.map(([name, row]) => [name, { ...row, totalCost: 'a lot' }]);
}
