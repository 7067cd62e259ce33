import { afterEach, describe, expect, it } from 'vitest';
import { DetectorProcess } from '../../src/cli/detectorProcess.ts';
import { answering } from '../../src/experiments/answering.ts';
import type { Observed } from '../../src/experiments/benchmark.ts';
import { detectors } from '../../src/experiments/detectors.ts';
import { heard } from '../../src/experiments/judgement.ts';
import { LabError } from '../../src/lib/labError.ts';
import { waitMs } from '../patience.ts';

/** A run of so many steps whose entropy falls. */
function run(name: string, steps: number): Observed {
  return {
    run: name,
    columns: ['policy/entropy'],
    rows: Array.from({ length: steps }, (_, at) => ({
      step: at + 1,
      values: { 'policy/entropy': 1 - at / steps },
    })),
  };
}

let open: DetectorProcess | null = null;
afterEach(() => {
  open?.kill();
  open = null;
});

/** A detector in a line of Node: `told` is what it was sent, `say` prints a line. */
function started(code: string, waitSeconds = waitMs / 1000): DetectorProcess {
  const script = `
    let number = 0;
    const say = (line) => console.log(typeof line === 'string' ? line : JSON.stringify(line));
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const told = JSON.parse(line);
      if (told.type === 'row') number++;
      ${code}
    });`;
  // In Base64, as shells differ in what they make of quotation marks.
  const encoded = Buffer.from(script).toString('base64');
  open = new DetectorProcess(
    `"${process.execPath}" -e "eval(Buffer.from('${encoded}','base64').toString())"`,
    waitSeconds,
  );
  return open;
}

const honest = `const { type, run, step, values } = told;
  if (type === 'row') say({ run, step, alarm: values['policy/entropy'] < 0.5, score: -values['policy/entropy'] });`;

describe('a detector', () => {
  it('is heard run by run: the first alarm, and the highest score so far', async () => {
    const detector = started(honest);
    const [first, second] = [await detector.judge(run('a', 20)), await detector.judge(run('b', 40))];
    expect([first.alarm, second.alarm]).toEqual([12, 22]);
    expect([first.best(9), first.best(10), first.best(15)]).toEqual([null, -0.55, 0.7 - 1]);
    await detector.close();
  });

  it('is sent a row when it has answered the one before, and no sooner', async () => {
    // It counts what has come by the time it answers, a while after the row came.
    const detector = started(`const { type, run, step } = told;
      if (type === 'row') setTimeout(() => say({ run, step, score: number }), 5);`);
    const course = await detector.judge(run('a', 15));
    expect(course.best(10)).toBe(10);
    expect(course.best(15)).toBe(15);
    await detector.close();
  });

  it('may leave out alarm and score, and say more than is asked', async () => {
    const detector = started(
      `if (told.type === 'row') say({ run: told.run, step: told.step, score: null, reason: 'none' });`,
    );
    const course = await detector.judge(run('a', 12));
    expect(course.alarm).toBeNull();
    expect(course.best(12)).toBe(-Infinity);
    await detector.close();
  });
});

const whileRow = (then: string): string => `if (told.type === 'row') ${then}`;
const faults: readonly (readonly [name: string, code: string, sentence: RegExp])[] = [
  [
    'what is no JSON',
    whileRow(`say('hello')`),
    /To step 1 of run a the detector answered "hello", which is no JSON\./,
  ],
  ['what is no object', whileRow(`say('3')`), /answered "3", which is no object\./],
  [
    'another type',
    whileRow(`say({ run: 'a', step: 1, alarm: 'yes' })`),
    /answered with `alarm` as "yes", which must be boolean\./,
  ],
  [
    'no step',
    whileRow(`say({ run: 'a', alarm: true })`),
    /answered with `step` as undefined, which must be "?\w+"?\./,
  ],
  ['an unknown run', whileRow(`say({ run: 'z', step: 1 })`), /for run "z", which it was not sent\./],
  [
    'a step to come',
    whileRow(`say({ run: 'a', step: 7, alarm: true })`),
    /for step 7, which it has not been sent\./,
  ],
  [
    'a step that is past',
    whileRow(
      `{ say({ run: 'a', step: number }); if (number === 3) say({ run: 'a', step: 2, alarm: true }); }`,
    ),
    /To step 4 of run a the detector answered for step 2, which is past: an alarm can't be raised afterwards\./,
  ],
  [
    'a run that has ended',
    whileRow(`say({ run: 'a', step: told.step })`),
    /To step 1 of run b the detector answered for run "a", which has ended: an alarm can't be raised afterwards\./,
  ],
  [
    'its end',
    whileRow(`process.exit(3)`),
    /The detector ended with status 3 before it had answered step 1 of run a\./,
  ],
  [
    'a line without an end',
    `process.stdout.write('x'.repeat(2e6))`,
    /has printed 1000000 characters without an end of line\./,
  ],
];

describe('a detector that breaks the protocol is told which row it was, and what is wrong', () => {
  it.each(faults)('%s', async (_, code, sentence) => {
    const detector = started(code);
    const judged = detector.judge(run('a', 5)).then(() => detector.judge(run('b', 5)));
    await expect(judged).rejects.toThrow(sentence);
    await expect(judged).rejects.toBeInstanceOf(LabError);
  });

  it('silence', async () => {
    const detector = started('', 0.3);
    await expect(detector.judge(run('a', 5))).rejects.toThrow(
      'The detector has not answered step 1 of run a within 0.3 s.',
    );
  });

  it('a command that is none', async () => {
    open = new DetectorProcess('there-is-no-such-command-here', waitMs / 1000);
    await expect(open.judge(run('a', 5))).rejects.toThrow(/The detector ended with status \d+ before/);
  });
});

describe('the lab’s own alarms as detectors', () => {
  it.each(detectors)('$id answers as it does here', (detector) => {
    const observed: Observed = {
      ...run('a', 60),
      rows: run('a', 60).rows.map(({ step, values }) => ({
        step,
        values: { ...values, 'vote/answer_overlap': 1 - step / 100, 'policy/kl_ref': (step / 50) ** 2 },
      })),
    };
    const say = answering(detector);
    expect(say(JSON.stringify({ type: 'run', version: 1, run: 'a', columns: [] }))).toBeNull();
    const course = heard(detector, observed);
    const alarms = observed.rows.flatMap((row) => {
      const said = JSON.parse(say(JSON.stringify({ type: 'row', run: 'a', ...row })) ?? '') as {
        alarm: boolean;
      };
      return said.alarm ? [row.step] : [];
    });
    expect(alarms[0] ?? null).toBe(course.alarm);
    expect(say(JSON.stringify({ type: 'end', run: 'a' }))).toBeNull();
  });

  it('refuse what is no line of the protocol', () => {
    const [first = expect.fail('no alarm')] = detectors;
    for (const line of ['hello', '{"type":"row"}', '{"type":"run","version":2,"run":"a","columns":[]}']) {
      expect(() => answering(first)(line)).toThrow('is no line of the protocol');
    }
  });
});
