import { kernelCode } from './kernel-code';

// Addresses that assembly/kernel.ts knows.
const settingsAddress = 0;
const resultsAddress = 64;
const charactersAddress = 256;
const reservedAddress = 8_192;
const injectedAddress = 32_768;
const outputAddress = 65_536;
const outputBytes = 256 * 1024;
const inputAddress = outputAddress + outputBytes;
// Bytes move in steps of sixteen.
const slackBytes = 16;
const pageBytes = 65_536;
// Nearly every request fits; the memory of a larger one is given back with the request after it.
const keptBytes = 16 * 1024 * 1024;
// What the kernel's own tables hold.
const maxLabels = 400;
const maxTextBytes = 127;

// Node has it; the types of Node 20 do not.
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: KernelExports };
};

interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  decompress(input: number, inputEnd: number, output: number, outputEnd: number): number;
  begin(): void;
  walk(start: number, end: number): number;
}

/** What makes a series a usual one; names and characters as bytes. */
export interface KernelRules {
  readonly maxLabels: number;
  readonly maxLabelNameBytes: number;
  readonly maxLabelValueBytes: number;
  readonly maxTimestampMs: number;
  /** Only `[a-zA-Z_][a-zA-Z0-9_]*` (metric names also `:`), else all of ASCII. */
  readonly legacyNames: boolean;
  readonly reserved: readonly { readonly name: Uint8Array; readonly isPrefix: boolean }[];
  /** A label to put into every series: the whole field, and how long its name is. */
  readonly injectedField: Uint8Array | undefined;
}

/** How far a walk came. */
export interface KernelWalk {
  /** Where it stopped: at the end, or at the tag of what is not usual. */
  readonly position: number;
  readonly series: number;
  readonly samples: number;
  /** Of all their samples; ±Infinity when there are none. */
  readonly minTimestampMs: number;
  readonly maxTimestampMs: number;
  /** It stopped only because the output was full. */
  readonly outputFull: boolean;
  /** The series with the injected label; valid until the next walk. Empty when nothing is injected. */
  readonly output: Uint8Array;
}

function characterTable(legacyNames: boolean): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 0x80; byte += 1) {
    const character = String.fromCharCode(byte);
    const allowed = [/[a-zA-Z_]/, /[a-zA-Z0-9_]/, /[a-zA-Z_:]/, /[a-zA-Z0-9_:]/].map(
      (pattern) => !legacyNames || pattern.test(character),
    );
    table[byte] = allowed.reduce((bits, one, index) => bits | (one ? 1 << index : 0), 0);
  }
  return table;
}

/**
 * The hot path in WebAssembly with its memory, in which requests are decoded and walked one after the other: what a
 * call gives is valid until the next one. One for each thread.
 */
export class WriteKernel {
  private readonly module: object = new WebAssembly.Module(Buffer.from(kernelCode, 'base64'));
  private readonly legacyCharacters = characterTable(true);
  private readonly anyCharacters = characterTable(false);
  private exports: KernelExports;
  private bytes: Uint8Array = new Uint8Array(0);
  private view: DataView = new DataView(new ArrayBuffer(0));

  constructor() {
    this.exports = new WebAssembly.Instance(this.module).exports;
    this.hold(inputAddress);
  }

  /** Makes sure that the memory has this many bytes. */
  private hold(neededBytes: number): void {
    if (this.bytes.length > keptBytes && neededBytes <= keptBytes) {
      this.exports = new WebAssembly.Instance(this.module).exports;
    }
    const { memory } = this.exports;
    const missing = neededBytes + slackBytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
    if (this.bytes.buffer === memory.buffer) return;
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
  }

  /** Decodes the elements of a snappy block; gives what it decoded, or why it could not. */
  decompress(elements: Uint8Array, decodedLength: number): Uint8Array | number {
    const output = Math.ceil((inputAddress + elements.length + slackBytes) / slackBytes) * slackBytes;
    this.hold(output + decodedLength);
    this.bytes.set(elements, inputAddress);
    const outcome = this.exports.decompress(
      inputAddress,
      inputAddress + elements.length,
      output,
      output + decodedLength,
    );
    return outcome === 0 ? this.bytes.subarray(output, output + decodedLength) : outcome;
  }

  /**
   * Begins to walk a request by these rules. Gives a copy of the request when it does not lie in the kernel's memory,
   * or undefined when the rules are beyond what the kernel knows.
   */
  begin(request: Uint8Array, rules: KernelRules): Uint8Array | undefined {
    if (!fits(rules)) return undefined;
    let held = request;
    if (request.buffer !== this.exports.memory.buffer) {
      this.hold(inputAddress + request.length);
      this.bytes.set(request, inputAddress);
      held = this.bytes.subarray(inputAddress, inputAddress + request.length);
    }
    this.writeRules(rules);
    this.exports.begin();
    return held;
  }

  private writeRules(rules: KernelRules): void {
    const { view, bytes } = this;
    const { reserved, injectedField } = rules;
    const settings = [
      rules.maxLabels,
      Math.min(rules.maxLabelNameBytes, maxTextBytes),
      rules.maxLabelValueBytes,
      0,
      0,
      injectedField === undefined ? 0 : injectedAddress,
      injectedField?.length ?? 0,
      reserved.length,
      outputAddress,
      outputAddress + outputBytes - slackBytes,
    ];
    for (const [index, setting] of settings.entries()) view.setUint32(settingsAddress + index * 4, setting, true);
    const maxTimestampMs = BigInt(Math.max(0, Math.floor(rules.maxTimestampMs)));
    view.setBigUint64(settingsAddress + settings.length * 4, maxTimestampMs, true);
    bytes.set(rules.legacyNames ? this.legacyCharacters : this.anyCharacters, charactersAddress);
    let at = reservedAddress;
    for (const { name, isPrefix } of reserved) {
      bytes[at] = name.length;
      bytes[at + 1] = isPrefix ? 1 : 0;
      bytes.set(name, at + 2);
      at += 2 + name.length;
    }
    if (injectedField !== undefined) bytes.set(injectedField, injectedAddress);
  }

  /** Walks usual series of `request`, which lies in the kernel's memory, from an offset on. */
  walk(request: Uint8Array, offset: number, left: { readonly series: number; readonly samples: number }): KernelWalk {
    const { view, exports } = this;
    view.setUint32(settingsAddress + 12, left.series, true);
    view.setUint32(settingsAddress + 16, left.samples, true);
    const base = request.byteOffset;
    const stopped = exports.walk(base + offset, base + request.length) >>> 0;
    const written = view.getUint32(resultsAddress + 8, true);
    return {
      position: stopped - base,
      series: view.getUint32(resultsAddress, true),
      samples: view.getUint32(resultsAddress + 4, true),
      outputFull: view.getUint32(resultsAddress + 12, true) !== 0,
      minTimestampMs: view.getFloat64(resultsAddress + 16, true),
      maxTimestampMs: view.getFloat64(resultsAddress + 24, true),
      output: this.bytes.subarray(outputAddress, outputAddress + written),
    };
  }
}

function fits({ maxLabels: labels, reserved, injectedField }: KernelRules): boolean {
  const reservedBytes = reserved.reduce((sum, { name }) => sum + 2 + name.length, 0);
  return (
    labels <= maxLabels &&
    reserved.every(({ name }) => name.length <= maxTextBytes) &&
    reservedBytes <= injectedAddress - reservedAddress - slackBytes &&
    (injectedField === undefined || injectedField.length <= maxTextBytes)
  );
}

/** A kernel for one thread. */
export function createWriteKernel(): WriteKernel {
  return new WriteKernel();
}
