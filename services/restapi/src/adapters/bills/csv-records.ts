import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { AppError } from '@cloudtuner/errors';
import { CsvError, parse, type Info } from 'csv-parse';
import { z } from 'zod';
import type { BillFault, BillRecord } from '../../domain/bills/bill-row';
import type { RecordFile } from '../../bill-ports';

const maxRecordBytes = 1_048_576;

interface ParsedRecord {
  readonly record: string[];
  readonly info: Info;
}

const zlibError = z.object({ code: z.string().startsWith('Z_') });

const unreadable = (detail: string, cause: unknown): AppError =>
  new AppError('bill-file-unreadable', detail, { cause });

function readingError(error: unknown): unknown {
  if (error instanceof CsvError) return unreadable(`Line ${String(error['lines'])} cannot be read as CSV.`, error);
  const zlib = zlibError.safeParse(error);
  return zlib.success ? unreadable('The gzip stream is damaged or cut off.', error) : error;
}

/** Lines of broken records wait here until the next good one is handed on. */
interface Parser {
  readonly records: AsyncIterator<ParsedRecord>;
  readonly skipped: number[];
  /** Resolves when the bytes have ended; to the error with which they did. */
  readonly ended: Promise<unknown>;
}

function createParser(bytes: AsyncIterable<Uint8Array>, gzip: boolean): Parser {
  const skipped: number[] = [];
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: maxRecordBytes,
    on_skip: (error) => {
      skipped.push(Number(error?.['lines'] ?? 0));
      return undefined;
    },
  });
  const source = Readable.from(bytes);
  const piped = gzip ? pipeline(source, createGunzip(), parser) : pipeline(source, parser);
  const ended = piped.then(
    () => undefined,
    (error: unknown) => error,
  );
  return { records: parser[Symbol.asyncIterator]() as AsyncIterator<ParsedRecord>, skipped, ended };
}

async function next({ records, ended }: Parser): Promise<ParsedRecord | undefined> {
  try {
    const result = await records.next();
    return result.done === true ? undefined : result.value;
  } catch (error) {
    // The iterator may only say that the stream was closed; why is known to the pipeline.
    throw readingError((await ended) ?? error);
  }
}

async function* recordsOf(parser: Parser, headerLines: number): AsyncGenerator<BillRecord | BillFault> {
  let lastLine = headerLines;
  try {
    for (;;) {
      const parsed = await next(parser);
      for (const line of parser.skipped.splice(0)) yield { line, column: '', reason: 'malformed-csv' };
      if (parsed === undefined) return;
      // `lines` is the line on which a record ends; it began behind the one before.
      yield { line: lastLine + 1, cells: parsed.record };
      lastLine = parsed.info.lines;
    }
  } finally {
    await parser.records.return?.();
  }
}

/** A CSV file (RFC 4180, UTF-8), gzipped or not. @throws AppError `bill-file-unreadable` when it has no header. */
export async function openCsv(bytes: AsyncIterable<Uint8Array>, gzip: boolean): Promise<RecordFile> {
  const parser = createParser(bytes, gzip);
  const header = await next(parser);
  if (header === undefined) throw new AppError('bill-file-unreadable', 'The file has no header line.');
  return {
    format: gzip ? 'csv.gz' : 'csv',
    header: header.record,
    records: recordsOf(parser, header.info.lines),
  };
}
