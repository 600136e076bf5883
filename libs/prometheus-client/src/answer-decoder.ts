import { decodeAnswer, type QueriedSeries, type QueryResult } from './answer';
import { unreachable } from './store-error';
import { SeriesReader } from './series-reader';

// As every store writes it. An answer in another form is no error: it is read in one piece.
const matrixHead = Buffer.from('{"status":"success","data":{"resultType":"matrix","result":[');
const oneSeries = Buffer.from('{"metric":{}}');
const [comma, endOfArray] = [0x2c, 0x5d];

/**
 * Decodes an answer while it arrives, so that a large one is never there as text, nor read in one go.
 *
 * What it knows is a matrix in the form that stores write it in; series that are whole are decoded at once. Anything else is
 * kept, and is read by `decodeAnswer` when it has ended. What stands around the series (status, warnings) is always read
 * by `decodeAnswer`.
 */
export class AnswerDecoder {
  private readonly series: QueriedSeries[] = [];
  /** What has arrived and is not decoded. */
  private kept: Buffer[] = [];
  private keptBytes = 0;
  /** Reading is tried again when this much is there: a series longer than a piece is not read again with each piece. */
  private neededBytes = matrixHead.length;
  private place: 'head' | 'series' | 'tail' | 'other' = 'head';

  /** Takes the next piece. */
  push(piece: Buffer): void {
    this.kept.push(piece);
    this.keptBytes += piece.length;
    if (this.place === 'tail' || this.place === 'other' || this.keptBytes < this.neededBytes) return;
    let bytes = this.joined();
    if (this.place === 'head') {
      this.place = bytes.subarray(0, matrixHead.length).equals(matrixHead) ? 'series' : 'other';
      if (this.place === 'other') return;
      bytes = bytes.subarray(matrixHead.length);
    }
    this.readSeries(bytes);
  }

  /** @throws AppError as `decodeAnswer`. */
  end(): QueryResult {
    const rest = this.joined();
    const isBegun = this.series.length > 0;
    // What is left goes on behind a series: one stands for those that were read, so that the whole is JSON.
    const before = isBegun ? [matrixHead, oneSeries] : this.place === 'series' ? [matrixHead] : [];
    let body: unknown;
    try {
      body = JSON.parse(Buffer.concat([...before, rest]).toString('utf8'));
    } catch (error) {
      throw unreachable(error);
    }
    const { series, remarks } = decodeAnswer(body);
    return { series: isBegun ? this.series.concat(series.slice(1)) : series, remarks };
  }

  private joined(): Buffer {
    const [only] = this.kept;
    return only !== undefined && this.kept.length === 1 ? only : Buffer.concat(this.kept);
  }

  private keep(bytes: Buffer): void {
    this.kept = [bytes];
    this.keptBytes = bytes.length;
  }

  private readSeries(bytes: Buffer): void {
    const reader = new SeriesReader(bytes);
    let from = 0;
    for (;;) {
      const isFirst = this.series.length === 0;
      if (!isFirst && bytes[from] !== comma) break;
      const one = reader.read(isFirst ? from : from + 1);
      // The series counts when it is known what follows: a comma, or the end of them all.
      if (one === undefined || (bytes[reader.at] !== comma && bytes[reader.at] !== endOfArray)) break;
      this.series.push(one);
      from = reader.at;
    }
    this.keep(bytes.subarray(from));
    if (bytes[from] === endOfArray && this.series.length > 0) this.place = 'tail';
    this.neededBytes = from === 0 ? 2 * this.keptBytes : this.keptBytes + 1;
  }
}
