/** Bytes of a piece of the file: what a network hands on at once. */
const pieceBytes = 65_536;
const usualResources = 20_000;

const header =
  'AvailabilityZone,BilledCost,BillingAccountId,BillingCurrency,ChargeCategory,ChargeDescription,ChargePeriodEnd,' +
  'ChargePeriodStart,EffectiveCost,ListCost,PricingQuantity,PricingUnit,RegionId,ResourceId,ResourceName,ResourceType,' +
  'ServiceCategory,ServiceName,SkuId,SubAccountId,Tags\r\n';

const two = (value: number): string => String(value).padStart(2, '0');

/** Record n of a month of hourly charges of so many machines; it costs n billionths. */
function record(n: number, resources: number): string {
  const [day, hour] = [1 + (n % 28), n % 24];
  const start = `2026-03-${two(day)}T${two(hour)}:00:00Z`;
  const end = `2026-03-${two(day)}T${two(hour)}:59:59Z`;
  const cost = `${String(Math.floor(n / 1e9))}.${String(n % 1e9).padStart(9, '0')}`;
  const id = `i-${(n % resources).toString(16).padStart(17, '0')}`;
  return (
    `us-east-1a,${cost},123456789012,USD,Usage,"$0.096 per On Demand Linux, m5.large Instance Hour",${end},${start},${cost},` +
    `0.0960000000,1.0000000000,Hours,us-east-1,arn:aws:ec2:us-east-1:123456789012:instance/${id},node-${id},Instance,Compute,` +
    `Amazon Elastic Compute Cloud,XB5Y${String(n % 50)},21098765${String(n % 10)},` +
    `"{""team"":""team-${String(n % 12)}"",""env"":""production"",""cost-center"":""${String(n % 40)}""}"\r\n`
  );
}

/** A FOCUS file of so many records, in pieces. */
export function* focusPieces(records: number, resources = usualResources): Generator<Buffer> {
  let piece = header;
  for (let n = 1; n <= records; n += 1) {
    piece += record(n, resources);
    if (piece.length < pieceBytes) continue;
    yield Buffer.from(piece);
    piece = '';
  }
  if (piece !== '') yield Buffer.from(piece);
}

/** What all records cost, in billionths. */
export const totalNanos = (records: number): bigint => (BigInt(records) * (BigInt(records) + 1n)) / 2n;
