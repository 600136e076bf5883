import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/**
 * A named pipe that the engine writes a result into while this process reads it: the engine formats, the kernel's
 * buffer holds the engine back when the reader is slow, and nothing is kept whole in memory.
 */
export interface ResultPipe {
  readonly path: string;
  /** The result's bytes; ends after {@link ResultPipe.finish}. */
  readonly output: Socket;
  /** To be called when the engine has done with the pipe. */
  finish(): void;
}

/** Named pipes in one folder, used again and again. */
export class ResultPipes {
  readonly #folder: string;
  readonly #idle: string[] = [];
  #created = 0;

  /**
   * @param folder - an existing folder that only this process uses
   */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Opens a pipe that nothing else uses until its output has been read to the end. */
  async open(): Promise<ResultPipe> {
    const path = this.#idle.pop() ?? (await this.#create());
    // The order matters: opening the writing end without blocking needs a reader. This writer of ours keeps the pipe from
    // ending before the engine has opened it, or when the engine never does.
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeEnd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    const output = new Socket({ fd: readEnd, readable: true, writable: false });
    output.once('close', () => this.#idle.push(path));
    let finished = false;
    const finish = (): void => {
      if (finished) return;
      finished = true;
      closeSync(writeEnd);
    };
    return { path, output, finish };
  }

  async #create(): Promise<string> {
    this.#created += 1;
    const path = join(this.#folder, `result-${String(this.#created)}`);
    await execute('mkfifo', ['-m', '600', path]);
    return path;
  }
}
