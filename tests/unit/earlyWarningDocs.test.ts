import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { allRuns, reportOf, warningReportPath } from '../../src/cli/warningReport.ts';

it('docs/early-warning.md is what the recorded runs say: `npm run validate-warning -- --write` writes it', () => {
  const report = reportOf(allRuns());
  expect(readFileSync(warningReportPath, 'utf8')).toBe(report);
  expect(report).not.toMatch(/NaN|undefined/);
  // Twenty rules over a hundred runs.
}, 30_000);
