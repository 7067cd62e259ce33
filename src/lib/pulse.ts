/** What a worker is sent first: by it, whoever made it knows whether it is still there. */
export interface PulseRequest {
  readonly type: 'pulse';
  /** Held for as long as the worker lives: the browser gives it away the moment that it is gone. */
  readonly lock: string;
  /** On which it answers each question. */
  readonly port: MessagePort;
}

/** In a worker: is there from now on. */
export function answerPulse({ lock, port }: PulseRequest): void {
  port.onmessage = () => {
    port.postMessage('here');
  };
  void navigator.locks.request(lock, () => {
    port.postMessage('here');
    return new Promise<void>(() => undefined);
  });
}
