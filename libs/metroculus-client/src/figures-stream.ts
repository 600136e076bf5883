import { readRowsStream } from './rows-stream';
import { figuresEndSchema, kubecostFigureSchema, type FiguresEnd, type KubecostFigure } from './statements-contract';

/** What Kubecost says of an hour, and the line that proves that this is all. */
export interface KubecostFigures {
  readonly rows: readonly KubecostFigure[];
  readonly end: FiguresEnd;
}

/** Reads the NDJSON of Kubecost's figures. @throws AppError `metroculus-incomplete-stream` */
export const readFiguresStream = (pieces: AsyncIterable<Uint8Array>): Promise<KubecostFigures> =>
  readRowsStream(pieces, { row: kubecostFigureSchema, end: figuresEndSchema, maxLineBytes: 64 * 1024 });
