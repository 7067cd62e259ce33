import { ready } from '../lib/timedWorker.ts';
import type { RewardQuestion } from '../spec/reward.ts';
import { runReward } from './rewardCode.ts';

/** Runs rewards where they can be ended: a single call of a built-in function may take for ever. */
self.onmessage = ({ data: { code, inputs } }: MessageEvent<RewardQuestion>) => {
  void runReward(code, inputs).then((outcome) => {
    self.postMessage(outcome);
  });
};

// Loads the interpreter, which is not on the clock of whoever asks.
void runReward('', []).then(() => {
  self.postMessage(ready);
});
