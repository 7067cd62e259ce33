/** An event as Chromium writes it. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  /** µs. */
  readonly ts: number;
}

export interface Task {
  readonly startMs: number;
  readonly ms: number;
  /** Without the time it waited for a core. */
  readonly cpuMs: number;
  readonly kinds: Readonly<Record<string, number>>;
  readonly calls: readonly { readonly name: string; readonly ms: number }[];
}

export const categories: readonly string[];
export function marksOf(events: readonly TraceEvent[], name: string): TraceEvent[];
export function tasksOf(events: readonly TraceEvent[], mark: string): Task[];
