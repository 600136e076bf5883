import { serialize } from 'node:v8';

/** What the memory did, for metrics. */
export type MemoryOutcome = 'remembered' | 'shared' | 'read';

/** Options of {@link AnswerMemory}. */
interface AnswerMemoryOptions {
  /** Of all answers together, as they would be serialized. */
  readonly maxBytes: number;
  /** Where a store has replicas, one may have told of a change that another was read without: such an answer must not stay. */
  readonly maxAgeMs: number;
  readonly now: () => number;
  readonly observe: (outcome: MemoryOutcome) => void;
}

interface Remembered {
  readonly answer: unknown;
  readonly bytes: number;
  readonly readAtMs: number;
}

/** One answer may take so much of the memory; a larger one would push out those of everybody else. */
const greatestShare = 1 / 8;
const sampledRows = 64;

/** How large an answer is, from some of its rows where it has many. */
function bytesOf(answer: unknown): number {
  if (!Array.isArray(answer) || answer.length <= sampledRows) return serialize(answer).length;
  return (serialize(answer.slice(0, sampledRows)).length * answer.length) / sampledRows;
}

/**
 * Answers by their questions, of bounded size: those that were not asked for the longest are forgotten first. Equal questions that are asked
 * while the first is being answered wait for it. A question has to name everything that its answer depends on: nothing here goes out of date.
 */
export class AnswerMemory {
  readonly #answers = new Map<string, Remembered>();
  readonly #reading = new Map<string, Promise<unknown>>();
  #bytes = 0;

  constructor(private readonly options: AnswerMemoryOptions) {}

  /** What was answered to this question before, else what `read` gives, which is kept when it is worth it. Nobody may change an answer. */
  async answer<T>(question: string, read: () => Promise<T>, isKept: (answer: T) => boolean): Promise<T> {
    const { observe } = this.options;
    const known = this.#known(question);
    if (known !== undefined) {
      observe('remembered');
      return known.answer as T;
    }
    const running = this.#reading.get(question);
    if (running !== undefined) {
      try {
        const answer = (await running) as T;
        observe('shared');
        return answer;
      } catch {
        // It may have failed because the first who asked has gone.
        observe('read');
        return read();
      }
    }
    observe('read');
    const readAtMs = this.options.now();
    const reading = read();
    this.#reading.set(question, reading);
    try {
      const answer = await reading;
      if (isKept(answer)) this.#keep(question, answer, readAtMs);
      return answer;
    } finally {
      this.#reading.delete(question);
    }
  }

  /** An answer that is not too old, which is now the last to be forgotten. */
  #known(question: string): Remembered | undefined {
    const known = this.#answers.get(question);
    if (known === undefined) return undefined;
    this.#answers.delete(question);
    if (this.options.now() - known.readAtMs > this.options.maxAgeMs) {
      this.#bytes -= known.bytes;
      return undefined;
    }
    this.#answers.set(question, known);
    return known;
  }

  #keep(question: string, answer: unknown, readAtMs: number): void {
    const { maxBytes } = this.options;
    const bytes = bytesOf(answer) + question.length;
    if (bytes > maxBytes * greatestShare) return;
    this.#answers.set(question, { answer, bytes, readAtMs });
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#answers) {
      if (this.#bytes <= maxBytes) return;
      this.#answers.delete(oldest);
      this.#bytes -= freed;
    }
  }
}
