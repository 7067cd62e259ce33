import { race } from './race.mjs';

// Called by bench.mjs. A browser polls the GPU by itself: waiting needs no help here.
globalThis.runRace = (options) =>
  race({ settle: (promise) => promise }, { ...options, log: globalThis.logLine });
