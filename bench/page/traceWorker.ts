import { batchMs, standIn } from './madeUpRun.ts';

/** Batches from the middle of a run to its end: each then moves the curves by more than a pixel. */
const batches = 200;

// For `npm run trace`: half of the run at once, so that 10,000 steps are there, and the rest in batches.
standIn('drifting', ({ steps, send, finish }) => {
  let made = steps / 2;
  send(0, made);
  const stride = Math.ceil(made / batches);
  const timer = setInterval(() => {
    send(made, stride);
    made += stride;
    if (made < steps) return;
    clearInterval(timer);
    finish();
  }, batchMs);
});
