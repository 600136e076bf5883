/** What one unit of work costs; each number is measured or assumed as `docs/capacity.md` says. */
const unitCosts = {
  /** Series of a pod that are kept, and how often they are sampled. */
  seriesPerPod: 30,
  scrapeSeconds: 60,
  gatewayMicrosPerSample: 0.5,
  receiveMicrosPerSample: 4,
  /** In blocks of the object store, index included. */
  storeBytesPerSample: 1.5,
  /** Head of Receive, per active series. */
  receiveBytesPerSeries: 4_000,
  /** Read, computed and stored: metroculus, worker, and the store's part of it. */
  metroculusMillisPerPodHour: 0.8,
  queryMillisPerPodHour: 0.65,
  workerMillisPerPodHour: 0.3,
  clickhouseBytesPerPodHour: 91,
  clickhouseBytesPerPodHourOfDays: 9,
  clickhouseBytesPerPodHourOfPeriods: 17.5,
} as const;

/** Prices of a large cloud, on demand. */
const prices = { coreHour: 0.04, gibHour: 0.005, diskGibMonth: 0.08, bucketGibMonth: 0.023 } as const;

const hoursPerMonth = 730;
const hoursPerYear = 8_760;
const gibibyte = 2 ** 30;
/** How much of a core may be used on average: senders that catch up, failures of a zone, growth. */
const targetUse = 0.5;

export interface Capacity {
  readonly pods: number;
  readonly samplesPerSecond: number;
  readonly gatewayCores: number;
  readonly receiveCores: number;
  readonly receiveGib: number;
  /** metroculus, worker and the store's queries. */
  readonly pricingCores: number;
  readonly bucketGibPerMonth: number;
  readonly clickhouseGibPerYear: number;
  readonly dollarsPerMonth: number;
}

/** What so many pods need; samples are kept for a month, pod-hours and days for a year, three copies in Receive. */
export function capacityOf(pods: number): Capacity {
  const u = unitCosts;
  const samplesPerSecond = (pods * u.seriesPerPod) / u.scrapeSeconds;
  const copies = 3;
  const cores = (microsPerSecond: number): number => microsPerSecond / 1e6 / targetUse;
  const gatewayCores = cores(samplesPerSecond * u.gatewayMicrosPerSample);
  const receiveCores = cores(samplesPerSecond * u.receiveMicrosPerSample * copies);
  const perPodHour = u.metroculusMillisPerPodHour + u.queryMillisPerPodHour + u.workerMillisPerPodHour;
  // Each hour is computed as it closes, and refreshed four times an hour while it runs.
  const pricingCores = cores((pods * perPodHour * 1_000 * 5) / 3_600);
  const receiveGib = (pods * u.seriesPerPod * u.receiveBytesPerSeries * copies) / gibibyte;
  const bucketGibPerMonth = (samplesPerSecond * 3_600 * hoursPerMonth * u.storeBytesPerSample) / gibibyte;
  const bytesPerPodHour =
    u.clickhouseBytesPerPodHour + u.clickhouseBytesPerPodHourOfDays + u.clickhouseBytesPerPodHourOfPeriods;
  const clickhouseGibPerYear = (pods * hoursPerYear * bytesPerPodHour) / gibibyte;
  const machines = (gatewayCores + receiveCores + pricingCores) * prices.coreHour + receiveGib * prices.gibHour;
  const disks = clickhouseGibPerYear * prices.diskGibMonth + bucketGibPerMonth * prices.bucketGibMonth;
  return {
    pods,
    samplesPerSecond,
    gatewayCores,
    receiveCores,
    receiveGib,
    pricingCores,
    bucketGibPerMonth,
    clickhouseGibPerYear,
    dollarsPerMonth: machines * hoursPerMonth + disks,
  };
}
