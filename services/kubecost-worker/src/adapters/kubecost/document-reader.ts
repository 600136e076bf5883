import { createHash } from 'node:crypto';
import type { KubecostClient, KubecostClients } from '@cloudtuner/kubecost-client';
import { isoOf } from '../../domain/calendar';
import type { DocumentRow, ExtractWindow, ExtractedDocument, DocumentReader } from '../../extract-ports';
import { canonicalJson } from './canonical-json';

interface Element {
  readonly name: string;
  readonly body: string;
}

interface Gathered {
  cluster: string;
  readonly elements: Element[];
}

const emptyGathered = (): Gathered => ({ cluster: '', elements: [] });

async function gather(
  client: KubecostClient,
  { kind, from, to }: ExtractWindow,
  signal: AbortSignal,
): Promise<Gathered> {
  const window = `${isoOf(from)},${isoOf(to)}`;
  if (kind === 'allocation') {
    return client.foldAllocations({ window, signal }, emptyGathered, (gathered, row) => {
      gathered.cluster ||= row.properties?.cluster ?? '';
      gathered.elements.push({ name: row.name, body: canonicalJson(row) });
    });
  }
  const gathered = emptyGathered();
  if (kind === 'assets') {
    for (const [name, asset] of (await client.getAssets({ window, signal })).flatMap((set) => [...set])) {
      gathered.cluster ||= asset.properties?.cluster ?? '';
      gathered.elements.push({ name, body: canonicalJson(asset) });
    }
    return gathered;
  }
  for (const budget of await client.getBudgets({ signal })) {
    gathered.elements.push({ name: budget.id ?? budget.name ?? '', body: canonicalJson(budget) });
  }
  return gathered;
}

const textOf = ({ name, body }: Element): string => `${name}\n${body}\n`;

/** In an order that does not depend on the answer's, so that the same content is the same document. */
function toDocument({ cluster, elements }: Gathered, product: string): ExtractedDocument {
  const sorted = elements.sort((left, right) => (textOf(left) < textOf(right) ? -1 : 1));
  const hash = createHash('sha256').update(`${product}\n`);
  const rows = sorted.map((element, row): DocumentRow => {
    hash.update(textOf(element));
    return { row, ...element };
  });
  return { product, cluster, contentHash: hash.digest('hex'), rows };
}

/** Reads windows by the API of each account's Kubecost. */
export function createDocumentReader(clients: KubecostClients): DocumentReader {
  return {
    async read({ endpoint, ...account }, window, signal) {
      const client = clients.of(account, endpoint);
      const { product } = await client.detect({ signal });
      return toDocument(await gather(client, window, signal), product);
    },
  };
}
