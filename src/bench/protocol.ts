import type { Failure } from '../lib/failure.ts';
import type { BenchResult } from './bench.ts';
import type { BenchProgress } from './parts.ts';
import type { Table } from './tables.ts';

export type { Table } from './tables.ts';

/** What the page asks of the bench's worker; it is asked once. */
export interface BenchCommand {
  readonly quick: boolean;
  /** Address of the page; models/ lies beside it. */
  readonly base: string;
}

export type BenchEvent =
  | ({ readonly type: 'progress' } & BenchProgress)
  | {
      readonly type: 'done';
      readonly adapter: string;
      readonly tables: readonly Table[];
      readonly result: BenchResult;
    }
  | { readonly type: 'failed'; readonly failure: Failure };
