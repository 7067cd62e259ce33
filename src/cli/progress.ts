/** A line on the terminal that overwrites itself; silent where standard error is no terminal. */
export class ProgressBar {
  readonly #total: number;
  readonly #started = performance.now();
  readonly #terminal = process.stderr.isTTY;
  #last = 0;

  constructor(total: number) {
    this.#total = total;
  }

  /** @param note figures of the moment */
  show(done: number, note: string): void {
    const now = performance.now();
    if (!this.#terminal || (now - this.#last < 100 && done < this.#total)) return;
    this.#last = now;
    const width = 24;
    const filled = Math.round((width * done) / this.#total);
    const left = done === 0 ? '' : duration(((now - this.#started) / done) * (this.#total - done));
    const bar = '█'.repeat(filled).padEnd(width, '░');
    process.stderr.write(`\r\x1b[K${bar} ${String(done)}/${String(this.#total)}  ${left} left  ${note}`);
  }

  end(): void {
    if (this.#terminal) process.stderr.write('\r\x1b[K');
  }
}

/** 83000 → 1:23 */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const pad = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0
    ? `${String(hours)}:${pad(minutes)}:${pad(seconds % 60)}`
    : `${String(minutes)}:${pad(seconds % 60)}`;
}
