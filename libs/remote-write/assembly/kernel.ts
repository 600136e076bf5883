/**
 * The hot path of the gateway, compiled to WebAssembly: decodes snappy, and walks the series of a Remote Write 1.0
 * request that are as nearly every sender writes them. It knows only the usual form. At the first series that differs
 * in anything it stops, and the caller reads that series by all rules; so this code may stay short, and whatever it
 * says yes to has to be right. All addresses are given by the caller, who also leaves sixteen bytes behind every range:
 * bytes move in steps of sixteen.
 */

// Addresses below: fixed, and known to the caller (src/kernel.ts).
const settings: usize = 0;
const results: usize = 64;
/** One byte a character: what it may be, as bits. */
const characters: usize = 256;
/** The previous series: sixteen bytes a label. */
const previousLabels: usize = 1024;
/** Reserved names: a length, whether it is only the beginning of a name, and the bytes. */
const reservedNames: usize = 8192;

const firstOfName: u32 = 1;
const restOfName: u32 = 2;
const firstOfMetricName: u32 = 4;
const restOfMetricName: u32 = 8;

// Settings, as 32-bit numbers but for the last.
const maxLabels: usize = settings;
const maxNameBytes: usize = settings + 4;
const maxValueBytes: usize = settings + 8;
const seriesLeft: usize = settings + 12;
const samplesLeft: usize = settings + 16;
/** Where the field of the injected label lies, and its length; 0 when there is none. */
const injectedField: usize = settings + 20;
const injectedBytes: usize = settings + 24;
const reservedCount: usize = settings + 28;
const outputStart: usize = settings + 32;
const outputEnd: usize = settings + 36;
const maxTimestampMs: usize = settings + 40;

// Results of one walk.
const seriesCount: usize = results;
const sampleCount: usize = results + 4;
const outputWritten: usize = results + 8;
/** 1 when it stopped for want of room for the next series. */
const outputFull: usize = results + 12;

let previousCount: u32 = 0;

// What is known of a label name.
const isMetricName: u32 = 1;
const isBehindInjected: u32 = 2;

// The outcomes of `decompress`, as src/snappy-decompress.ts reads them.
const whole: i32 = 0;
const literalCutOff: i32 = 1;
const copyCutOff: i32 = 2;
const copyTooFar: i32 = 3;
const moreThanDeclared: i32 = 4;
const lessThanDeclared: i32 = 5;

/** Copies in steps of sixteen: up to fifteen bytes behind both ends are touched. */
function copyBytes(target: usize, source: usize, length: usize): void {
  for (let index: usize = 0; index < length; index += 16) v128.store(target + index, v128.load(source + index));
}

/** Decodes the elements of a snappy block from `[input, inputEnd)` into exactly `[output, end)`. */
export function decompress(input: usize, inputEnd: usize, output: usize, end: usize): i32 {
  let position = input;
  let written = output;
  while (position < inputEnd) {
    const tag: u32 = load<u8>(position++);
    const kind = tag & 3;
    let length: usize = (tag >> 2) + 1;
    if (kind == 0) {
      if (length > 60) {
        const lengthBytes = length - 60;
        if (lengthBytes > inputEnd - position) return literalCutOff;
        const stored: u64 = (load<u32>(position) as u64) & (((1 as u64) << (8 * (lengthBytes as u64))) - 1);
        if (stored >= 0x7fffffff) return literalCutOff;
        length = (stored as usize) + 1;
        position += lengthBytes;
      }
      if (length > inputEnd - position) return literalCutOff;
      if (length > end - written) return moreThanDeclared;
      copyBytes(written, position, length);
      position += length;
      written += length;
      continue;
    }
    let offset: usize;
    if (kind == 1) {
      if (position >= inputEnd) return copyCutOff;
      length = ((tag >> 2) & 7) + 4;
      offset = ((tag >> 5) << 8) | (load<u8>(position++) as u32);
    } else {
      const offsetBytes: usize = kind == 2 ? 2 : 4;
      if (offsetBytes > inputEnd - position) return copyCutOff;
      offset = kind == 2 ? (load<u16>(position) as u32) : load<u32>(position);
      position += offsetBytes;
    }
    // Nothing before the first byte of this body may be read: the memory holds what was decoded before.
    if (offset == 0 || offset > written - output) return copyTooFar;
    if (length > end - written) return moreThanDeclared;
    const from = written - offset;
    if (offset >= 16) copyBytes(written, from, length);
    else if (offset >= 8) {
      for (let index: usize = 0; index < length; index += 8) store<u64>(written + index, load<u64>(from + index));
    } else {
      for (let index: usize = 0; index < length; index += 1) store<u8>(written + index, load<u8>(from + index));
    }
    written += length;
  }
  return written == end ? whole : lessThanDeclared;
}

/** The bits of the first `length` of sixteen bytes. */
function maskOf(length: u32): u32 {
  return length >= 16 ? 0xffff : ((1 as u32) << length) - 1;
}

function isEqual(a: usize, b: usize, length: u32): bool {
  for (let index: u32 = 0; index < length; index += 16) {
    const mask = maskOf(length - index);
    const equal: u32 = i8x16.bitmask(i8x16.eq(v128.load(a + index), v128.load(b + index)));
    if ((equal & mask) != mask) return false;
  }
  return true;
}

function isAscii(start: usize, length: u32): bool {
  for (let index: u32 = 0; index < length; index += 16) {
    if ((i8x16.bitmask(v128.load(start + index)) & maskOf(length - index)) != 0) return false;
  }
  return true;
}

/** Every byte may be where it is: the first by one bit of the table, the others by another. */
function isName(start: usize, length: u32, first: u32, rest: u32): bool {
  if (((load<u8>(characters + load<u8>(start)) as u32) & first) == 0) return false;
  let allowed: u32 = rest;
  for (let index: u32 = 1; index < length; index += 1) allowed &= load<u8>(characters + load<u8>(start + index));
  return allowed != 0;
}

/** Below, at or above 0 as the name at `a` sorts before, with or behind the one at `b`. */
function compareNames(a: usize, aLength: u32, b: usize, bLength: u32): i32 {
  const shared = aLength < bLength ? aLength : bLength;
  for (let index: u32 = 0; index < shared; index += 1) {
    const difference = (load<u8>(a + index) as i32) - (load<u8>(b + index) as i32);
    if (difference != 0) return difference;
  }
  return (aLength as i32) - (bLength as i32);
}

function isReserved(name: usize, length: u32): bool {
  let at = reservedNames;
  for (let index = load<u32>(reservedCount); index > 0; index -= 1) {
    const reservedLength: u32 = load<u8>(at);
    const isPrefix = load<u8>(at + 1) != 0;
    if (isPrefix ? length >= reservedLength : length == reservedLength) {
      if (isEqual(at + 2, name, reservedLength)) return true;
    }
    at += 2 + reservedLength;
  }
  return false;
}

/** What is known of a name that the previous series does not have at this place; -1 when it is not a usual one. */
function inspectName(name: usize, length: u32): i32 {
  if (!isName(name, length, firstOfName, restOfName) || isReserved(name, length)) return -1;
  let facts: u32 = 0;
  // `__name__`, little-endian.
  if (length == 8 && load<u64>(name) == 0x5f5f656d616e5f5f) facts |= isMetricName;
  const injected = load<u32>(injectedField) as usize;
  if (injected != 0) {
    // The caller injects only labels with one-byte lengths: tag, length, tag, length, name.
    if (compareNames(name, length, injected + 4, load<u8>(injected + 3)) > 0) facts |= isBehindInjected;
  }
  return facts as i32;
}

/** The end of a usual sample, which begins at its tag; 0 when it is not one. */
function readSample(start: usize, end: usize): usize {
  if (start + 4 > end) return 0;
  const contentBytes = load<u8>(start + 1) as usize;
  const sampleEnd = start + 2 + contentBytes;
  if (contentBytes >= 0x80 || sampleEnd > end) return 0;
  let at = start + 2;
  // A value of 0 is left out.
  if (load<u8>(at) == 0x09) at += 9;
  if (at + 2 > sampleEnd || load<u8>(at) != 0x10) return 0;
  at += 1;
  let timestampMs: u64 = 0;
  let shift: u64 = 0;
  for (;;) {
    if (at >= sampleEnd || shift > 56) return 0;
    const byte: u64 = load<u8>(at++);
    timestampMs |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
    shift += 7;
  }
  if (at != sampleEnd || timestampMs == 0 || timestampMs > load<u64>(maxTimestampMs)) return 0;
  return sampleEnd;
}

/** Where the injected label goes in the last series that was read. */
let injectAt: usize = 0;
let samplesOfSeries: u32 = 0;

/** Reads the content of a series; false when it is not a usual one. */
function readSeries(start: usize, end: usize): bool {
  const known = previousCount;
  const labelLimit = load<u32>(maxLabels);
  const nameLimit = load<u32>(maxNameBytes);
  const valueLimit = load<u32>(maxValueBytes);
  let at = start;
  let label: u32 = 0;
  let hasMetricName = false;
  let sameSoFar = true;
  let lastName: usize = 0;
  let lastNameLength: u32 = 0;
  // From here on the memory of the previous series is this one's.
  previousCount = 0;
  injectAt = 0;
  while (at < end && load<u8>(at) == 0x0a) {
    if (at + 6 > end || label >= labelLimit) return false;
    let contentBytes: u32 = load<u8>(at + 1);
    let content = at + 2;
    if (contentBytes >= 0x80) {
      const high: u32 = load<u8>(at + 2);
      if (high >= 0x80) return false;
      contentBytes = (contentBytes & 0x7f) | (high << 7);
      content += 1;
    }
    const labelEnd = content + contentBytes;
    if (labelEnd > end || load<u8>(content) != 0x0a) return false;
    const nameLength: u32 = load<u8>(content + 1);
    const name = content + 2;
    let value = name + nameLength;
    if (nameLength >= 0x80 || nameLength == 0 || nameLength > nameLimit) return false;
    if (value + 2 > labelEnd || load<u8>(value) != 0x12) return false;
    let valueLength: u32 = load<u8>(value + 1);
    value += 2;
    if (valueLength >= 0x80) {
      const high: u32 = load<u8>(value);
      if (high >= 0x80) return false;
      valueLength = (valueLength & 0x7f) | (high << 7);
      value += 1;
    }
    if (value + valueLength != labelEnd || valueLength == 0 || valueLength > valueLimit) return false;
    const previous = previousLabels + ((label as usize) << 4);
    let facts: u32;
    if (label < known && load<u32>(previous + 4) == nameLength && isEqual(load<u32>(previous), name, nameLength)) {
      facts = load<u32>(previous + 8);
      if (!sameSoFar && compareNames(lastName, lastNameLength, name, nameLength) >= 0) return false;
      sameSoFar = true;
    } else {
      const inspected = inspectName(name, nameLength);
      if (inspected < 0) return false;
      if (label > 0 && compareNames(lastName, lastNameLength, name, nameLength) >= 0) return false;
      facts = inspected as u32;
      sameSoFar = false;
      store<u32>(previous + 4, nameLength);
      store<u32>(previous + 8, facts);
    }
    store<u32>(previous, name as u32);
    if (!isAscii(value, valueLength)) return false;
    if ((facts & isMetricName) != 0) {
      if (!isName(value, valueLength, firstOfMetricName, restOfMetricName)) return false;
      hasMetricName = true;
    }
    if ((facts & isBehindInjected) != 0 && injectAt == 0) injectAt = at;
    lastName = name;
    lastNameLength = nameLength;
    label += 1;
    at = labelEnd;
  }
  if (!hasMetricName) return false;
  if (injectAt == 0) injectAt = at;
  previousCount = label;
  let samples: u32 = 0;
  while (at < end) {
    if (load<u8>(at) != 0x12) return false;
    at = readSample(at, end);
    if (at == 0) return false;
    samples += 1;
  }
  samplesOfSeries = samples;
  return true;
}

/** Writes the series in `[start, end)` with the injected label at its place; the end of what was written. */
function writeInjected(out: usize, start: usize, end: usize): usize {
  const fieldBytes = load<u32>(injectedBytes) as usize;
  let target = out;
  store<u8>(target++, 0x0a);
  let length = end - start + fieldBytes;
  while (length >= 0x80) {
    store<u8>(target++, (length as u8) | 0x80);
    length >>= 7;
  }
  store<u8>(target++, length as u8);
  copyBytes(target, start, injectAt - start);
  target += injectAt - start;
  copyBytes(target, load<u32>(injectedField), fieldBytes);
  target += fieldBytes;
  copyBytes(target, injectAt, end - injectAt);
  return target + (end - injectAt);
}

/** Forgets the series before: call it for every request. */
export function begin(): void {
  previousCount = 0;
}

/** Walks usual series from `start` and returns where it stopped: at `end`, or at the tag of what it does not know. */
export function walk(start: usize, end: usize): usize {
  const injects = load<u32>(injectedField) != 0;
  const fieldBytes = load<u32>(injectedBytes);
  const lastSeries = load<u32>(seriesLeft);
  const lastSample = load<u32>(samplesLeft);
  const outputLimit = load<u32>(outputEnd) as usize;
  let out = load<u32>(outputStart) as usize;
  let series: u32 = 0;
  let samples: u32 = 0;
  let at = start;
  store<u32>(outputFull, 0);
  while (at + 2 <= end && load<u8>(at) == 0x0a && series < lastSeries) {
    let content = at + 2;
    let length: u32 = load<u8>(at + 1);
    if (length >= 0x80) {
      const high: u32 = load<u8>(content++);
      // Series of 16 KiB and more are rare.
      if (high >= 0x80) break;
      length = (length & 0x7f) | (high << 7);
    }
    const seriesEnd = content + length;
    if (seriesEnd > end || !readSeries(content, seriesEnd)) break;
    if (samplesOfSeries > lastSample - samples) break;
    if (injects) {
      if (out + length + fieldBytes + 16 > outputLimit) {
        store<u32>(outputFull, 1);
        break;
      }
      out = writeInjected(out, content, seriesEnd);
    }
    series += 1;
    samples += samplesOfSeries;
    at = seriesEnd;
  }
  store<u32>(seriesCount, series);
  store<u32>(sampleCount, samples);
  store<u32>(outputWritten, (out - load<u32>(outputStart)) as u32);
  return at;
}
