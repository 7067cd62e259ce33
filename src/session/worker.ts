import '../lib/trustedScripts.ts';
import { browserHost } from '../host/browser.ts';
import { answerPulse, type PulseRequest } from '../lib/pulse.ts';
import type { Command } from './protocol.ts';
import { Session } from './session.ts';

/** The trainer's worker: a session between the page's messages and the GPU. */
let base = '';
const session = new Session(
  browserHost(() => base),
  (event, transfer = []) => {
    self.postMessage(event, { transfer });
  },
);

self.onmessage = ({ data }: MessageEvent<Command | PulseRequest>) => {
  if (data.type === 'pulse') {
    answerPulse(data);
    return;
  }
  if (data.type === 'open') ({ base } = data);
  session.receive(data);
};
