type Rows = Map<string, { readonly id: string; readonly updated: number }>;

/** A call that fails: the browser's error, and whether it ends its transaction, as all do but what is refused at once. */
export interface Fault {
  readonly call: number;
  readonly error: DOMException;
  readonly ends: boolean;
}

/** The database of the index in memory, as idb hands it out; any call to it may fail, and so may the end of a transaction. */
export class MemoryDatabase {
  readonly stores: Readonly<Record<string, Rows>> = { labs: new Map(), runs: new Map() };
  /** So far. */
  calls = 0;
  fault: Fault | null = null;

  #called(): void {
    if (this.calls++ === this.fault?.call) throw this.fault.error;
  }

  transaction(names: string | readonly string[]) {
    this.#called();
    const staged = new Map([names].flat().map((name) => [name, new Map(this.stores[name])]));
    let [open, ended] = [0, false];
    let [commit, fail] = [(): void => undefined, (_: unknown): void => undefined];
    const done = new Promise<void>((resolve, reject) => ([commit, fail] = [resolve, reject]));
    const end = (error: unknown): void => {
      ended = true;
      fail(error);
    };
    const settle = (): void => {
      if (ended || open > 0) return;
      try {
        this.#called();
        for (const [name, rows] of staged) {
          this.stores[name]?.clear();
          for (const [key, row] of rows) this.stores[name]?.set(key, row);
        }
        ended = true;
        commit();
      } catch (error) {
        end(error);
      }
    };
    const request = async <Result>(work: () => Result): Promise<Result> => {
      if (ended) throw new DOMException('', 'TransactionInactiveError');
      open++;
      try {
        await new Promise((resolve) => setImmediate(resolve));
        this.#called();
        return work();
      } catch (error) {
        if (this.fault?.ends !== false) end(error);
        throw error;
      } finally {
        open--;
        // Whoever asks for more does so before.
        setImmediate(settle);
      }
    };
    const storeOf = (name: string) => {
      const rows = staged.get(name) ?? (new Map() as Rows);
      const sorted = () => [...rows.values()].sort((a, b) => a.updated - b.updated);
      const cursor = (at: number): object | null => {
        const value = sorted().at(at);
        return value === undefined ? null : { value, continue: () => request(() => cursor(at - 1)) };
      };
      return {
        get: (key: string) => request(() => rows.get(key)),
        getAll: () => request(() => [...rows.values()]),
        put: (row: { id: string; updated: number }) => request(() => rows.set(row.id, row)),
        delete: (key: string) => request(() => rows.delete(key)),
        index: () => ({ getAll: () => request(sorted), openCursor: () => request(() => cursor(-1)) }),
      };
    };
    const abort = (): void => {
      if (ended) throw new DOMException('', 'InvalidStateError');
      end(new DOMException('', 'AbortError'));
    };
    return { done, abort, objectStore: storeOf, store: storeOf([names].flat()[0] ?? '') };
  }
}
