/** What a worker says once it can be asked; every later message is an answer. */
export const ready = 'ready';

/** A worker, of the page or of another kind, as far as it is needed here. */
export interface Endable {
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage: (question: unknown) => void;
  terminate: () => void;
}

/** A worker that answers one question after another, and is ended when an answer takes too long. */
export class TimedWorker<Question, Answer> {
  readonly #make: () => Endable;
  readonly #limitMs: number;
  #started: Promise<Endable> | null = null;
  /** The question before: the next one waits for its answer. */
  #before: Promise<unknown> = Promise.resolve();

  /** @param make called with the first question, and with the next one after an end */
  constructor(make: () => Endable, limitMs: number) {
    this.#make = make;
    this.#limitMs = limitMs;
  }

  /**
   * The answer, or null when the worker was ended; the time it takes to start does not count.
   * @throws Error where the worker can't be loaded, or breaks over the question; the next question starts another
   */
  ask(question: Question): Promise<Answer | null> {
    const answer = this.#before.then(() => this.#ask(question));
    this.#before = answer.catch(() => undefined);
    return answer;
  }

  /** Ends the worker; a question under way is never answered. */
  end(): void {
    void this.#started?.then((worker) => {
      worker.terminate();
    });
    this.#started = null;
  }

  async #ask(question: Question): Promise<Answer | null> {
    this.#started ??= this.#start();
    const worker = await this.#started;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.end();
        resolve(null);
      }, this.#limitMs);
      worker.onerror = ({ message }) => {
        clearTimeout(timer);
        this.end();
        reject(new Error(message || 'a worker broke'));
      };
      worker.onmessage = ({ data }: MessageEvent<Answer>) => {
        clearTimeout(timer);
        resolve(data);
      };
      worker.postMessage(question);
    });
  }

  #start(): Promise<Endable> {
    const worker = this.#make();
    return new Promise((resolve, reject) => {
      worker.onerror = ({ message }) => {
        this.#started = null;
        reject(new Error(message || 'a worker could not be loaded'));
      };
      worker.onmessage = ({ data }: MessageEvent<unknown>) => {
        if (data === ready) resolve(worker);
      };
    });
  }
}
