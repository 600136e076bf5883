import { AppError } from '@cloudtuner/errors';
import type { BillFault, BillRecord, FaultReason, ReadRecord } from './bill-row';
import { readAmount, readTags, readTime, type Read } from './focus-values';
import { providerKeyOf } from './provider-key';

/**
 * Columns without which a charge cannot be told; in FOCUS 1.0 to 1.2 they are mandatory, and none may be null. Of the other
 * mandatory ones nothing is read, so files that lack them are taken.
 */
const mandatory = [
  'BilledCost',
  'BillingCurrency',
  'ChargeCategory',
  'ChargePeriodEnd',
  'ChargePeriodStart',
  'EffectiveCost',
  'ServiceName',
] as const;

/** Columns that are taken where a file has them. */
const optional = ['RegionId', 'ResourceId', 'ResourceName', 'ResourceType', 'SubAccountId', 'Tags'] as const;

type FocusColumn = (typeof mandatory)[number] | (typeof optional)[number];

/** The columns of FOCUS that are read. */
export const focusColumns: readonly FocusColumn[] = [...mandatory, ...optional];

const chargeCategories: ReadonlySet<string> = new Set(['Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment']);

const maxTextLength = 2048;

/** Reads records of one file. */
export interface FocusReader {
  /** Reads the record of this number; the first of a file is 1. */
  read(record: BillRecord, number: number): ReadRecord;
}

/** The text of a column; null where the record has none. */
type Cells = (column: FocusColumn) => string | null;

/** Nulls of CSV are empty; the sample files of FOCUS have the word. */
const isNull = (cell: string | null | undefined): boolean =>
  cell === undefined || cell === null || cell === '' || /^null$/i.test(cell);

function indexesOf(header: readonly string[]): Readonly<Record<FocusColumn, number>> {
  const missing = mandatory.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new AppError('focus-column-missing', `The file has no column ${missing.join(', ')}.`, {
      details: { columns: missing },
    });
  }
  return Object.fromEntries(focusColumns.map((column) => [column, header.indexOf(column)])) as Record<
    FocusColumn,
    number
  >;
}

/** The rules of a record's cells, each noted in `faults` when it is broken. */
function createCellReader(cells: Cells, line: number, faults: BillFault[]) {
  const note = (column: FocusColumn, reason: FaultReason): void => {
    faults.push({ line, column, reason });
  };
  const text = (column: FocusColumn): string => {
    const cell = cells(column) ?? '';
    if (cell.length > maxTextLength) note(column, 'too-long');
    return cell;
  };
  const required = <T>(column: FocusColumn, read: (cell: string) => Read<T>): T | undefined => {
    const cell = cells(column);
    const result: Read<T> = cell === null ? { fault: 'missing' } : read(cell);
    if ('value' in result) return result.value;
    note(column, result.fault);
    return undefined;
  };
  return { note, text, required };
}

/** Which record of the file it is. */
interface Place {
  readonly line: number;
  readonly number: number;
}

function readCells(cells: Cells, { line, number }: Place, currency: string): ReadRecord {
  const faults: BillFault[] = [];
  const { note, text, required } = createCellReader(cells, line, faults);
  const oneOf =
    (allowed: (cell: string) => boolean, fault: FaultReason) =>
    (cell: string): Read<string> =>
      allowed(cell) ? { value: cell } : { fault };
  const billedCost = required('BilledCost', readAmount);
  const effectiveCost = required('EffectiveCost', readAmount);
  const start = required('ChargePeriodStart', readTime);
  const end = required('ChargePeriodEnd', readTime);
  if (start !== undefined && end !== undefined && end <= start) note('ChargePeriodEnd', 'period-not-positive');
  required(
    'BillingCurrency',
    oneOf((cell) => cell === currency, 'another-currency'),
  );
  const chargeCategory = required(
    'ChargeCategory',
    oneOf((cell) => chargeCategories.has(cell), 'not-an-allowed-value'),
  );
  const serviceName = required(
    'ServiceName',
    oneOf((cell) => cell.length <= maxTextLength, 'too-long'),
  );
  const tags = cells('Tags') === null ? {} : required('Tags', readTags);
  const resourceId = text('ResourceId');
  const texts = {
    region: text('RegionId'),
    resourceType: text('ResourceType'),
    resourceId,
    resourceName: text('ResourceName'),
    subAccountId: text('SubAccountId'),
  };
  if (
    faults.length > 0 ||
    billedCost === undefined ||
    effectiveCost === undefined ||
    start === undefined ||
    end === undefined ||
    chargeCategory === undefined ||
    serviceName === undefined ||
    tags === undefined
  ) {
    return { faults };
  }
  const row = {
    record: number,
    date: new Date(start * 1000).toISOString().slice(0, 10),
    chargePeriodStart: start,
    chargePeriodEnd: end,
    chargeCategory,
    serviceName,
    ...texts,
    providerKey: providerKeyOf(resourceId),
    tags,
    billedCost,
    effectiveCost,
  };
  return { row };
}

/**
 * A reader of records below this header, by the column rules of FOCUS 1.x. Amounts must be in the currency of the organization.
 *
 * @throws AppError `focus-column-missing`
 */
export function createFocusReader(header: readonly string[], currency: string): FocusReader {
  const names = header.map((name) => name.trim());
  const indexes = indexesOf(names);
  return {
    read({ line, cells }, number) {
      if (cells.length !== names.length) return { faults: [{ line, column: '', reason: 'wrong-number-of-columns' }] };
      const cellOf = (column: FocusColumn): string | null => {
        const cell = cells[indexes[column]];
        return isNull(cell) ? null : (cell ?? null);
      };
      return readCells(cellOf, { line, number }, currency);
    },
  };
}
