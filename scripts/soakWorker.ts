import { batchMs, standIn } from './madeUpRun.ts';

// For `npm run soak`: a run from its first step on, ten steps of every lane a second.
standIn(({ steps, send, finish }) => {
  let made = 0;
  const timer = setInterval(() => {
    send(made, 1);
    made++;
    if (made < steps) return;
    clearInterval(timer);
    finish();
  }, batchMs);
});
