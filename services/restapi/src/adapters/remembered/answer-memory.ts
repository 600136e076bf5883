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

/** A reading that others wait for, and what tells that the first who asked has gone. */
interface Reading {
  readonly answer: Promise<unknown>;
  readonly signal: AbortSignal;
}

/** What to do for an answer that is not known. */
interface Reader<T> {
  /** Of who asks: when it is aborted, `read` fails. */
  readonly signal: AbortSignal;
  readonly read: () => Promise<T>;
  readonly isKept: (answer: T) => boolean;
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
  readonly #reading = new Map<string, Reading>();
  #bytes = 0;

  constructor(private readonly options: AnswerMemoryOptions) {}

  /**
   * What was answered to this question before, else what `read` gives, which is kept when it is worth it. Nobody may change an answer.
   * A failure is that of all who wait; only when the first has gone does the next one read, and the others wait for that one.
   */
  async answer<T>(question: string, reader: Reader<T>): Promise<T> {
    const { observe } = this.options;
    const known = this.#known(question);
    if (known !== undefined) {
      observe('remembered');
      return known.answer as T;
    }
    const running = this.#reading.get(question);
    if (running !== undefined) {
      try {
        const answer = (await running.answer) as T;
        observe('shared');
        return answer;
      } catch (error) {
        if (!running.signal.aborted || reader.signal.aborted) throw error;
        this.#forgetReading(question, running);
        return this.answer(question, reader);
      }
    }
    return this.#read(question, reader);
  }

  async #read<T>(question: string, { signal, read, isKept }: Reader<T>): Promise<T> {
    this.options.observe('read');
    const readAtMs = this.options.now();
    const answering = read();
    const reading = { answer: answering, signal };
    this.#reading.set(question, reading);
    try {
      const answer = await answering;
      if (isKept(answer)) this.#keep(question, answer, readAtMs);
      return answer;
    } finally {
      this.#forgetReading(question, reading);
    }
  }

  /** Unless another has taken its place. */
  #forgetReading(question: string, reading: Reading): void {
    if (this.#reading.get(question) === reading) this.#reading.delete(question);
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
