import { browserHost } from '../host/browser.ts';
import { answerPulse, type PulseRequest } from '../lib/pulse.ts';
import type { AskCommand } from './protocol.ts';
import { AskSession } from './session.ts';

/** Gigabytes of memory, where the browser tells them: at most 8, as others could tell visitors apart by more. */
const { deviceMemory = Infinity } = navigator as { deviceMemory?: number };

/** The worker of the page's models, with a device of its own. */
const { openGpu, now, runReward } = browserHost(() => self.location.href);
const host = { openGpu, now, runReward, memoryBytes: deviceMemory * 2 ** 30 };
const session = new AskSession(host, (event, transfer = []) => {
  self.postMessage(event, { transfer });
});

self.onmessage = ({ data }: MessageEvent<AskCommand | PulseRequest>) => {
  if (data.type === 'pulse') answerPulse(data);
  else session.receive(data);
};
