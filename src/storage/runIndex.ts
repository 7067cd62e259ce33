import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { KeptEntry, KeptLab, KeptLabel } from './kept.ts';

/** What there is of kept runs, beside the folders that hold them. */
export interface RunIndex {
  lab(id: string): Promise<KeptLab | null>;
  /** Of those that a page trained. */
  newestLab(): Promise<KeptLab | null>;
  /** Saves the lanes of a page, and what the list says of their runs, all or nothing. What its reader calls it stays. */
  save(lab: KeptLab, runs: readonly KeptEntry[]): Promise<void>;
  /** Notes what its reader calls a lab, where there is one. */
  label(lab: string, label: KeptLabel): Promise<void>;
  /** All there is, newest first. */
  list(): Promise<readonly IndexedLab[]>;
  /** Forgets a lab and its runs, all or nothing. */
  remove(lab: string): Promise<void>;
}

/** Lanes that stood together, and what the list says of their runs, lanes that were given up included. */
export interface IndexedLab {
  readonly lab: KeptLab;
  readonly label: KeptLabel;
  readonly runs: readonly KeptEntry[];
}

interface Schema extends DBSchema {
  labs: { key: string; value: KeptLab & { label?: KeptLabel }; indexes: { updated: number } };
  runs: { key: string; value: KeptEntry };
}

const name = 'm-grpo-lab';
/** Of the schema: a page that knows a later one makes this one stop. */
const version = 1;

/**
 * The index in the browser's database, whose transactions are whole or not there: a small file of OPFS would have to be
 * written over. A page of a later version closes this one's connection; two versions never write side by side.
 * @param closed told that nothing can be saved any more: another version of the lab took over, or the data was deleted
 */
export async function openRunIndex(closed: () => void): Promise<RunIndex> {
  const database: IDBPDatabase<Schema> = await openDB<Schema>(name, version, {
    upgrade(fresh) {
      fresh.createObjectStore('labs', { keyPath: 'id' }).createIndex('updated', 'updated');
      fresh.createObjectStore('runs', { keyPath: 'id' });
    },
    blocking() {
      database.close();
      closed();
    },
    terminated: closed,
  });
  return {
    lab: async (id) => {
      const transaction = database.transaction('labs');
      return whole(transaction, async () => (await transaction.store.get(id)) ?? null);
    },
    newestLab: async () => {
      const transaction = database.transaction('labs');
      return whole(transaction, async () => {
        let cursor = await transaction.store.index('updated').openCursor(null, 'prev');
        while (cursor?.value.imported === true) cursor = await cursor.continue();
        return cursor?.value ?? null;
      });
    },
    save: async (lab, runs) => {
      const transaction = database.transaction(['labs', 'runs'], 'readwrite', { durability: 'strict' });
      return whole(transaction, async () => {
        const labs = transaction.objectStore('labs');
        const label = (await labs.get(lab.id))?.label;
        await labs.put(label === undefined ? lab : { ...lab, label });
        for (const run of runs) await transaction.objectStore('runs').put(run);
      });
    },
    label: async (id, label) => {
      const transaction = database.transaction('labs', 'readwrite', { durability: 'strict' });
      return whole(transaction, async () => {
        const lab = await transaction.store.get(id);
        if (lab !== undefined) await transaction.store.put({ ...lab, label });
      });
    },
    list: async () => {
      const transaction = database.transaction(['labs', 'runs']);
      const [labs, runs] = await whole(transaction, () =>
        Promise.all([
          transaction.objectStore('labs').index('updated').getAll(),
          transaction.objectStore('runs').getAll(),
        ]),
      );
      return labs.reverse().map(({ label = { name: '', notes: '' }, ...lab }) => ({
        ...{ lab, label },
        runs: runs.filter((run) => run.lab === lab.id),
      }));
    },
    remove: async (id) => {
      const transaction = database.transaction(['labs', 'runs'], 'readwrite', { durability: 'strict' });
      return whole(transaction, async () => {
        const store = transaction.objectStore('runs');
        await transaction.objectStore('labs').delete(id);
        for (const run of await store.getAll()) if (run.lab === id) await store.delete(run.id);
      });
    },
  };
}

/**
 * Does the work of a transaction, all of it or nothing: a request that is refused before it is made would leave those
 * before it in place. The transaction's own failure is waited for in any case, as nobody else hears of it.
 */
async function whole<Result>(
  transaction: { readonly done: Promise<void>; readonly abort: () => void },
  work: () => Promise<Result>,
): Promise<Result> {
  const worked = work().catch((error: unknown) => {
    try {
      transaction.abort();
    } catch {
      // A request that failed has ended it.
    }
    throw error;
  });
  const [result] = await Promise.all([worked, transaction.done]);
  return result;
}
