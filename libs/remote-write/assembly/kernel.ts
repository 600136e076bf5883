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
/**
 * The previous series: sixteen bytes a label. Where its content lies; how long its head is (tag, length and name, and
 * the tag of the value); what is known of the name; and the bits of the head within its first sixteen bytes.
 */
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
/** The earliest and the latest timestamp of the series that were read, as 64-bit floats; ±Infinity without a sample. */
const earliest: usize = results + 16;
const latest: usize = results + 24;

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

function isAscii(start: usize, end: usize): bool {
  if (end - start < 16) return (i8x16.bitmask(v128.load(start)) & maskOf((end - start) as u32)) == 0;
  // The last sixteen bytes, which may have been among those before.
  let bytes = v128.load(end - 16);
  let at = start;
  for (; at + 64 <= end; at += 64) {
    const first = v128.or(v128.load(at), v128.load(at, 16));
    bytes = v128.or(bytes, v128.or(first, v128.or(v128.load(at, 32), v128.load(at, 48))));
  }
  for (; at + 16 <= end; at += 16) bytes = v128.or(bytes, v128.load(at));
  return i8x16.bitmask(bytes) == 0;
}

/** Every byte may be where it is: the first by one bit of the table, the others by another. */
function isName(start: usize, length: u32, first: u32, rest: u32): bool {
  if (((load<u8>(characters + load<u8>(start)) as u32) & first) == 0) return false;
  let allowed: u32 = rest;
  for (let index: u32 = 1; index < length; index += 1) allowed &= load<u8>(characters + load<u8>(start + index));
  return allowed != 0;
}

/**
 * Every byte is one of `[a-zA-Z0-9_:]`, sixteen at once: by its lower and its upper half it belongs to the same one of
 * four groups: digits and colon, letters from the beginning of the alphabet, letters to its end in capitals with the
 * underscore, and in small.
 */
function hasMetricCharacters(start: usize, length: u32): bool {
  const lower = v128(13, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 2, 2, 2, 2, 6);
  const upper = v128(0, 0, 0, 1, 2, 4, 2, 8, 0, 0, 0, 0, 0, 0, 0, 0);
  for (let index: u32 = 0; index < length; index += 16) {
    const bytes = v128.load(start + index);
    const byLower = i8x16.swizzle(lower, v128.and(bytes, i8x16.splat(0x0f)));
    const byUpper = i8x16.swizzle(upper, i8x16.shr_u(bytes, 4));
    const others: u32 = i8x16.bitmask(i8x16.eq(v128.and(byLower, byUpper), i8x16.splat(0)));
    if ((others & maskOf(length - index)) != 0) return false;
  }
  return true;
}

/** A metric name by the table, mostly without a look at it for every byte. */
function isMetric(start: usize, length: u32): bool {
  if (((load<u8>(characters + load<u8>(start)) as u32) & firstOfMetricName) == 0) return false;
  return hasMetricCharacters(start, length) || isName(start, length, firstOfMetricName, restOfMetricName);
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

/** The number in six bytes of a varint, the first lowest. */
function sixBytesOf(bytes: u64): u64 {
  const pairs = (bytes & 0x007f007f007f) | ((bytes & 0x7f007f007f00) >> 1);
  return (pairs & 0x3fff) | ((pairs >> 2) & 0xfffc000) | ((pairs >> 4) & 0x3fff0000000);
}

/** Takes note of the time of a sample; false when it is none that is usual. */
function isUsualTime(timestampMs: u64): bool {
  if (timestampMs == 0 || timestampMs > load<u64>(maxTimestampMs)) return false;
  if (timestampMs < earliestOfSeries) earliestOfSeries = timestampMs;
  if (timestampMs > latestOfSeries) latestOfSeries = timestampMs;
  return true;
}

/** The end of a usual sample, which begins at its tag; 0 when it is not one. */
function readSample(start: usize, end: usize): usize {
  if (start + 4 > end) return 0;
  // Nearly all: eighteen bytes with a value, and a time between 1971 and 2109.
  if (start + 18 <= end && load<u32>(start) << 8 == 0x09101200 && load<u8>(start + 11) == 0x10) {
    const bytes = load<u64>(start + 12);
    if ((bytes & 0x808080808080) == 0x008080808080) return isUsualTime(sixBytesOf(bytes)) ? start + 18 : 0;
  }
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
  return at == sampleEnd && isUsualTime(timestampMs) ? sampleEnd : 0;
}

/** Where the injected label goes in the last series that was read. */
let injectAt: usize = 0;
let samplesOfSeries: u32 = 0;
let earliestOfSeries: u64 = 0;
let latestOfSeries: u64 = 0;

/** Whether a label begins, up to its value, like the one at this place of the previous series. */
function hasHeadOf(previous: usize, content: usize, end: usize): bool {
  const headBytes = load<u32>(previous + 4);
  // A head and at least a length and a byte of the value.
  if (content + headBytes + 2 > end) return false;
  const known = load<u32>(previous) as usize;
  if (headBytes > 16) return isEqual(known, content, headBytes);
  const mask = load<u32>(previous + 12);
  return (i8x16.bitmask(i8x16.eq(v128.load(known), v128.load(content))) & mask) == mask;
}

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
  // Up to here all values are ASCII; lengths and tags below 0x80 are looked at with them.
  let asciiUpTo = start;
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
    if (labelEnd > end) return false;
    const name = content + 2;
    const previous = previousLabels + ((label as usize) << 4);
    let nameLength: u32;
    let facts: u32;
    if (label < known && hasHeadOf(previous, content, labelEnd)) {
      nameLength = load<u32>(previous + 4) - 3;
      facts = load<u32>(previous + 8);
      if (!sameSoFar && compareNames(lastName, lastNameLength, name, nameLength) >= 0) return false;
      sameSoFar = true;
    } else {
      nameLength = load<u8>(content + 1);
      if (load<u8>(content) != 0x0a || nameLength >= 0x80 || nameLength == 0 || nameLength > nameLimit) return false;
      if (name + nameLength + 2 > labelEnd || load<u8>(name + nameLength) != 0x12) return false;
      const inspected = inspectName(name, nameLength);
      if (inspected < 0) return false;
      if (label > 0 && compareNames(lastName, lastNameLength, name, nameLength) >= 0) return false;
      facts = inspected as u32;
      sameSoFar = false;
      store<u32>(previous + 4, nameLength + 3);
      store<u32>(previous + 8, facts);
      store<u32>(previous + 12, maskOf(nameLength + 3));
    }
    store<u32>(previous, content as u32);
    let value = name + nameLength + 2;
    let valueLength: u32 = load<u8>(value - 1);
    if (valueLength >= 0x80) {
      const high: u32 = load<u8>(value);
      if (high >= 0x80) return false;
      valueLength = (valueLength & 0x7f) | (high << 7);
      value += 1;
    }
    if (value + valueLength != labelEnd || valueLength == 0 || valueLength > valueLimit) return false;
    if (contentBytes >= 0x80) {
      if (!isAscii(asciiUpTo, at) || !isAscii(value, labelEnd)) return false;
      asciiUpTo = labelEnd;
    }
    if (facts != 0) {
      if ((facts & isMetricName) != 0) {
        if (!isMetric(value, valueLength)) return false;
        hasMetricName = true;
      }
      if ((facts & isBehindInjected) != 0 && injectAt == 0) injectAt = at;
    }
    lastName = name;
    lastNameLength = nameLength;
    label += 1;
    at = labelEnd;
  }
  if (!isAscii(asciiUpTo, at)) return false;
  if (!hasMetricName) return false;
  if (injectAt == 0) injectAt = at;
  previousCount = label;
  let samples: u32 = 0;
  earliestOfSeries = u64.MAX_VALUE;
  latestOfSeries = 0;
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
  let earliestMs: u64 = u64.MAX_VALUE;
  let latestMs: u64 = 0;
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
    if (earliestOfSeries < earliestMs) earliestMs = earliestOfSeries;
    if (latestOfSeries > latestMs) latestMs = latestOfSeries;
    at = seriesEnd;
  }
  store<u32>(seriesCount, series);
  store<u32>(sampleCount, samples);
  store<f64>(earliest, samples == 0 ? Infinity : (earliestMs as f64));
  store<f64>(latest, samples == 0 ? -Infinity : (latestMs as f64));
  store<u32>(outputWritten, (out - load<u32>(outputStart)) as u32);
  return at;
}
