import { writeFileSync } from 'node:fs';

/**
 * A reporter of Vitest for `npm test`: writes to the file $LAB_TALLY how many tests passed and failed, and how many
 * were left out for which reason, the one they gave to skip().
 */
export default class Tally {
  onTestRunEnd(modules) {
    const tally = { passed: 0, failed: 0, skipped: {} };
    for (const test of modules.flatMap((module) => [...module.children.allTests()])) {
      const { state, note = 'no reason given' } = test.result();
      if (state === 'skipped') tally.skipped[note] = (tally.skipped[note] ?? 0) + 1;
      else tally[state === 'passed' ? 'passed' : 'failed']++;
    }
    writeFileSync(process.env.LAB_TALLY, JSON.stringify(tally));
  }
}
