import {
  kubecostContainerLabels,
  kubecostQuantities,
  kubecostResources,
  kubecostSeriesNames,
  type KubecostQuantity,
  type KubecostResource,
  type KubecostWindow,
} from './kubecost-series';
import { nanosFromNumber, type Nanos } from './money';
import type { Series } from './series';

/** What Kubecost says of one container in one hour. Costs and quantities that are not there are 0. */
export interface KubecostRow {
  readonly clusterId: string;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly node: string;
  readonly minutes: number;
  readonly costs: Readonly<Partial<Record<KubecostResource, Nanos>>>;
  readonly quantities: Readonly<Partial<Record<KubecostQuantity, number>>>;
}

/** One hour as Kubecost had it when it was last seen. */
export interface KubecostHour {
  readonly startMs: number;
  /** `closed` is what it says of the hour as a whole; `running` is how far it was when it was last seen. */
  readonly window: KubecostWindow;
  /** When it was scraped. */
  readonly scrapedAtMs: number;
  /** Sorted by cluster, namespace, pod, container and node. */
  readonly rows: readonly KubecostRow[];
}

interface Scrape {
  readonly startMs: number;
  readonly window: KubecostWindow;
  readonly scrapedAtMs: number;
}

// The checksum is a sum of doubles that the exporter adds up in its own order.
const relativeTolerance = 1e-9;

const quantityOfName = new Map<string, KubecostQuantity>(
  kubecostQuantities.map((quantity) => [kubecostSeriesNames[quantity], quantity]),
);

function valueAt({ timestampsMs, values }: Series, timestampMs: number): number | undefined {
  const index = timestampsMs.indexOf(timestampMs);
  return index < 0 ? undefined : values[index];
}

function windowOf({ labels }: Series): KubecostWindow | undefined {
  const { window } = labels;
  return window === 'running' || window === 'closed' ? window : undefined;
}

/** Every scrape with the hour it was of: closed hours before running ones, then the latest first. */
function scrapesOf(series: readonly Series[]): Scrape[] {
  const scrapes = series
    .filter(({ labels }) => labels['__name__'] === kubecostSeriesNames.windowStart)
    .flatMap((one) => {
      const window = windowOf(one);
      if (window === undefined) return [];
      return one.timestampsMs.map((scrapedAtMs, index) => ({
        startMs: (one.values[index] ?? Number.NaN) * 1000,
        window,
        scrapedAtMs,
      }));
    });
  const isLater = (left: Scrape, right: Scrape): number =>
    left.window === right.window ? right.scrapedAtMs - left.scrapedAtMs : left.window === 'closed' ? -1 : 1;
  return scrapes.filter(({ startMs }) => Number.isSafeInteger(startMs)).sort(isLater);
}

interface Draft {
  minutes: number | undefined;
  readonly labels: readonly string[];
  readonly costs: Partial<Record<KubecostResource, Nanos>>;
  readonly quantities: Partial<Record<KubecostQuantity, number>>;
}

function addTo(draft: Draft, one: Series, value: number): void {
  const name = one.labels['__name__'] ?? '';
  const quantity = quantityOfName.get(name);
  if (quantity !== undefined) draft.quantities[quantity] = value;
  else if (name === kubecostSeriesNames.minutes) draft.minutes = value;
  else if (name === kubecostSeriesNames.cost) {
    const resource = kubecostResources.find((known) => known === one.labels['resource']);
    if (resource !== undefined) draft.costs[resource] = nanosFromNumber(value);
  }
}

const toRow = ({ labels, minutes = 0, costs, quantities }: Draft): KubecostRow => {
  const [clusterId = '', namespace = '', pod = '', container = '', node = ''] = labels;
  return { clusterId, namespace, pod, container, node, minutes, costs, quantities };
};

/** The rows of one scrape, or nothing when they are not those that the exporter counted and added up. */
function rowsOf(series: readonly Series[], { window, scrapedAtMs }: Scrape): KubecostRow[] | undefined {
  const drafts = new Map<string, Draft>();
  let [expectedRows, expectedCost, cost] = [Number.NaN, Number.NaN, 0];
  for (const one of series) {
    if (one.labels['window'] !== window) continue;
    const value = valueAt(one, scrapedAtMs);
    if (value === undefined) continue;
    const name = one.labels['__name__'];
    if (name === kubecostSeriesNames.windowRows) expectedRows = value;
    if (name === kubecostSeriesNames.windowCost) expectedCost = value;
    if (name === kubecostSeriesNames.cost) cost += value;
    if (one.labels['pod'] === undefined) continue;
    const labels = kubecostContainerLabels.map((label) => one.labels[label] ?? '');
    const key = labels.join('\0');
    const draft = drafts.get(key) ?? { minutes: undefined, labels, costs: {}, quantities: {} };
    drafts.set(key, draft);
    addTo(draft, one, value);
  }
  const rows = [...drafts].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, draft]) => draft);
  const isWhole =
    rows.length === expectedRows &&
    rows.every(({ minutes }) => minutes !== undefined) &&
    Math.abs(cost - expectedCost) <= relativeTolerance * Math.max(1, Math.abs(expectedCost));
  return isWhole ? rows.map(toRow) : undefined;
}

/**
 * Reads from raw samples what Kubecost said of each hour: the last scrape of it as a closed hour that is whole, else the
 * last one while it ran. Being said again, or otherwise, is never added up. An hour that is not in the answer is a gap.
 *
 * **Shape**: one entry an hour, sorted by start.
 */
export function readKubecostHours(series: readonly Series[]): KubecostHour[] {
  const hours = new Map<number, KubecostHour>();
  for (const scrape of scrapesOf(series)) {
    if (hours.has(scrape.startMs)) continue;
    const rows = rowsOf(series, scrape);
    if (rows !== undefined) hours.set(scrape.startMs, { ...scrape, rows });
  }
  return [...hours.values()].sort((left, right) => left.startMs - right.startMs);
}
