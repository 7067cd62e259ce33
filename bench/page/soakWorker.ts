import { batchMs, standIn } from './madeUpRun.ts';

// For `npm run soak`: a run from its first step on, ten steps of every lane a second.
// Calm: every alarm is kept and drawn, which is growth that no healthy run has.
standIn('calm', ({ steps, send, finish }) => {
  let made = 0;
  const timer = setInterval(() => {
    send(made, 1);
    made++;
    if (made < steps) return;
    clearInterval(timer);
    finish();
  }, batchMs);
});
