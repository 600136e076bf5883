import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, mkdir, writeFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BSON, type Collection, type Db } from 'mongodb';
import { z } from 'zod';
import type { Guard } from '../driver-errors';

/** What a copy holds of one collection. */
export const collectionCopy = z.object({ name: z.string(), documents: z.int(), sha256: z.string() });
/** See {@link collectionCopy}. */
export type CollectionCopy = z.infer<typeof collectionCopy>;

/** The whole store as files, in the form of `mongodump`: `<collection>.bson` and `<collection>.metadata.json`. */
export interface StoreCopy {
  /** Writes every collection into the folder, which only its owner can read from then on. What refers to others comes before them, so that nothing refers to what is not there. */
  write(folder: string): Promise<CollectionCopy[]>;
  /** The collections whose files are not those that were written. */
  verify(folder: string, copies: readonly CollectionCopy[]): Promise<string[]>;
  /** Reads collections into an empty store, those that others refer to first. */
  read(folder: string, copies: readonly CollectionCopy[]): Promise<void>;
  /** Documents in all collections. */
  count(): Promise<number>;
  /** Removes every collection. */
  clear(): Promise<void>;
}

const batchDocuments = 500;
/** Hashes of passwords and tokens are in the files. */
const ownerOnlyFolder = 0o700;
const mode = 0o600;
const indexFile = z.object({
  indexes: z.array(z.object({ key: z.record(z.string(), z.int()), name: z.string(), unique: z.boolean().optional() })),
});

/** Those that others refer to, the most referred to last. */
const referredTo = ['users', 'cloud_accounts', 'organizations'];

async function collectionNames(database: Db): Promise<string[]> {
  const found = await database.listCollections({}, { nameOnly: true }).toArray();
  const names = found.map(({ name }) => name).filter((name) => !name.startsWith('system.'));
  return names.sort((a, b) => referredTo.indexOf(a) - referredTo.indexOf(b) || (a < b ? -1 : 1));
}

const fileOf = (folder: string, name: string, suffix: string): string => path.join(folder, `${name}.${suffix}`);

async function writeCollection(collection: Collection, folder: string): Promise<CollectionCopy> {
  const name = collection.collectionName;
  const hash = createHash('sha256');
  let documents = 0;
  const bytes = async function* (): AsyncGenerator<Buffer> {
    // Raw documents are Buffers, whatever their type says.
    const cursor: AsyncIterable<unknown> = collection.find({}, { raw: true, sort: { _id: 1 } });
    for await (const document of cursor) {
      const buffer = Buffer.from(document as Uint8Array);
      hash.update(buffer);
      documents += 1;
      yield buffer;
    }
  };
  await pipeline(Readable.from(bytes()), createWriteStream(fileOf(folder, name, 'bson'), { mode }));
  const indexes = await collection.indexes();
  await writeFile(fileOf(folder, name, 'metadata.json'), JSON.stringify({ collectionName: name, indexes }), { mode });
  return { name, documents, sha256: hash.digest('hex') };
}

/**
 * The documents of a file: each begins with its own length.
 *
 * Source: the BSON specification, `document ::= int32 e_list "\x00"`.
 */
async function* documentsOf(file: string): AsyncGenerator<BSON.Document> {
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(file)) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const size = rest.readInt32LE(0);
      // Numbers stay what they were: an Int32 must not come back as a Double.
      yield BSON.deserialize(rest.subarray(0, size), { promoteValues: false, promoteBuffers: false });
      rest = rest.subarray(size);
    }
  }
  if (rest.length > 0) throw new Error(`${file} ends in the middle of a document`);
}

async function readCollection(collection: Collection, folder: string): Promise<void> {
  const name = collection.collectionName;
  const { indexes } = indexFile.parse(JSON.parse(await readFile(fileOf(folder, name, 'metadata.json'), 'utf8')));
  for (const { key, unique, name: indexName } of indexes) {
    if (indexName === '_id_') continue;
    await collection.createIndex(key, { name: indexName, ...(unique === undefined ? {} : { unique }) }, {});
  }
  let batch: BSON.Document[] = [];
  const store = async (): Promise<void> => {
    if (batch.length > 0) await collection.insertMany(batch);
    batch = [];
  };
  for await (const document of documentsOf(fileOf(folder, name, 'bson'))) {
    batch.push(document);
    if (batch.length === batchDocuments) await store();
  }
  await store();
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch {
    return '';
  }
  return hash.digest('hex');
}

/** The store of a database as files. */
export function createStoreCopy(database: Db, run: Guard): StoreCopy {
  return {
    write: (folder) =>
      run(async () => {
        await mkdir(folder, { recursive: true });
        await chmod(folder, ownerOnlyFolder);
        const copies: CollectionCopy[] = [];
        for (const name of await collectionNames(database)) {
          copies.push(await writeCollection(database.collection(name), folder));
        }
        return copies;
      }),
    async verify(folder, copies) {
      const wrong: string[] = [];
      for (const { name, sha256 } of copies) {
        if ((await sha256Of(fileOf(folder, name, 'bson'))) !== sha256) wrong.push(name);
      }
      return wrong;
    },
    read: (folder, copies) =>
      run(async () => {
        for (const { name } of copies.toReversed()) await readCollection(database.collection(name), folder);
      }),
    count: () =>
      run(async () => {
        let documents = 0;
        for (const name of await collectionNames(database)) {
          documents += await database.collection(name).countDocuments({});
        }
        return documents;
      }),
    clear: () =>
      run(async () => {
        for (const name of await collectionNames(database)) await database.collection(name).drop();
      }),
  };
}
