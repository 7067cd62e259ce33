import { expect, it } from 'vitest';
import { recordCsv } from '../../src/records/csv.ts';

it('a record as CSV: what was measured, all digits, and no formula', () => {
  const runs = [
    {
      name: '=cmd|"a", b',
      rows: [
        { step: 0, 'eval/greedy': 1 / 3 },
        { step: 1, 'policy/entropy': -0.5 },
      ],
    },
    { name: 'SRT', rows: [] },
    { name: 'M-GRPO', rows: [{ step: 0, 'policy/entropy': 1e-9 }] },
  ];
  expect(recordCsv(runs).split('\r\n')).toEqual([
    'run,step,policy/entropy,eval/greedy',
    '"\'=cmd|""a"", b",0,,0.3333333333333333',
    '"\'=cmd|""a"", b",1,-0.5,',
    'M-GRPO,0,1e-9,',
    '',
  ]);
});
