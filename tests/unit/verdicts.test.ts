import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { judgedCase, watchCases } from '../../src/cli/watchReport.ts';
import type { Verdict } from '../../src/diagnostics/judge.ts';

// What Watch says of every committed log, word for word, with the steps and columns that it rests on: a change of a rule
// shows where it tells, and in what words. After one that is meant: UPDATE_VERDICTS=1 npx vitest run --project unit tests/unit/verdicts.test.ts

/** Of a case; `labelFree`, where hiding the truth makes it another verdict. */
interface Said {
  readonly verdict: Verdict;
  readonly labelFree?: Verdict;
  readonly alarms: readonly unknown[];
}

const file = 'tests/fixtures/logs/verdicts.json';
const update = process.env.UPDATE_VERDICTS !== undefined;
const committed = update ? {} : (JSON.parse(readFileSync(file, 'utf8')) as Record<string, Said>);
const cases = watchCases().map((one) => [`${one.files.join(' + ')}, run ${one.run ?? 0}`, one] as const);

it.each(cases)('%s', async (name, one) => {
  const { judged } = (await judgedCase(one)).packed;
  if (judged === null) throw new Error('judged as the lab’s own');
  const { verdict, labelFree, alarms } = judged;
  const same = JSON.stringify(labelFree) === JSON.stringify(verdict);
  const said = { verdict, ...(same ? {} : { labelFree }), alarms };
  if (update) committed[name] = said;
  // As a file has it.
  expect(JSON.parse(JSON.stringify(said))).toEqual(committed[name]);
  if (update) writeFileSync(file, `${JSON.stringify(committed, null, 1)}\n`);
});

it('no log is left that is no case any more', () => {
  expect(Object.keys(committed).sort()).toEqual(cases.map(([name]) => name).sort());
});
