/** Fields of a charge, in the names of FOCUS; what is absent has a default. */
export type FocusCharge = Partial<Readonly<Record<(typeof header)[number], string>>>;

const header = [
  'BilledCost',
  'BillingAccountId',
  'BillingCurrency',
  'ChargeCategory',
  'ChargePeriodEnd',
  'ChargePeriodStart',
  'EffectiveCost',
  'ListCost',
  'RegionId',
  'ResourceId',
  'ResourceName',
  'ResourceType',
  'ServiceName',
  'SubAccountId',
  'Tags',
  'x_Custom',
] as const;

const defaults: FocusCharge = {
  BilledCost: '1.00',
  BillingAccountId: '123456789012',
  BillingCurrency: 'USD',
  ChargeCategory: 'Usage',
  ChargePeriodStart: '2026-03-01T00:00:00Z',
  ChargePeriodEnd: '2026-03-02T00:00:00Z',
  EffectiveCost: '1.00',
  ServiceName: 'Amazon EC2',
};

const quoted = (cell: string): string => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** The header line of {@link focusLine}. */
export const focusHeader = `${header.join(',')}\r\n`;

/** One charge as a line of CSV. */
export function focusLine(charge: FocusCharge): string {
  const cells = { ...defaults, ...charge };
  return `${header.map((column) => quoted(cells[column] ?? '')).join(',')}\r\n`;
}

/** A FOCUS file of these charges. */
export function focusFile(charges: readonly FocusCharge[]): Buffer {
  return Buffer.from(focusHeader + charges.map(focusLine).join(''));
}
