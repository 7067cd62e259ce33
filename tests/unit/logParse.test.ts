import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsv } from '../../src/records/import/csv.ts';
import { limits } from '../../src/records/import/log.ts';
import { guessMapping } from '../../src/records/import/mapping.ts';
import { readRows } from '../../src/records/import/rows.ts';
import { parseLog, refuseLarge } from '../../src/records/import/parse.ts';
import { LabError } from '../../src/lib/labError.ts';
import { waitMs } from '../patience.ts';

function refused(file: string, text: string): LabError {
  try {
    parseLog(file, text);
  } catch (error) {
    if (error instanceof LabError) return error;
    throw error;
  }
  throw new Error('was read');
}

describe('CSV', () => {
  const cells = (text: string): (readonly string[])[] => [...readCsv(text)].map((row) => row.cells);

  it.each<[string, string, string[][]]>([
    [
      'quotes, commas and line ends inside them',
      'a,"b,""c""\nd"\r\n1,2\n',
      [
        ['a', 'b,"c"\nd'],
        ['1', '2'],
      ],
    ],
    [
      'no line end at the end',
      'a,b\n1,',
      [
        ['a', 'b'],
        ['1', ''],
      ],
    ],
    ['empty lines', 'a\n\n1\n', [['a'], ['1']]],
    [
      'lone carriage returns',
      'a,b\r1,2\r',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    ['an empty quoted cell', '"",a\n', [['', 'a']]],
  ])('%s', (_, text, rows) => {
    expect(cells(text)).toEqual(rows);
  });

  it('lines are counted through quotes', () => {
    expect([...readCsv('"a\nb",c\n1,2')].map(({ line }) => line)).toEqual([1, 3]);
  });

  it('what is written is what is read', () => {
    const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(fc.array(fc.string(), { minLength: 2, maxLength: 5 })), (rows) => {
        expect(cells(rows.map((row) => row.map(quoted).join(',')).join('\r\n'))).toEqual(rows);
      }),
    );
  });

  it('a byte order mark is no part of the first name', () => {
    const [log] = parseLog('a.csv', '\uFEFFstep,reward\r\n1,.5\r\n2,1e-3\r\n');
    expect(log?.columns.map(({ name, values }) => [name, ...values])).toEqual([
      ['step', 1, 2],
      ['reward', 0.5, 0.001],
    ]);
  });
});

describe('refusals name the rule and the place', () => {
  it.each<[string, string, string]>([
    ['nothing', ' \n', 'empty'],
    ['no text', 'PK\0\0', 'not text'],
    ['an array', '[[1, 2]]', 'Record 1 must be an object'],
    ['words', 'It was a dark night.\nNothing was logged, as ever.\n', 'No line of the file'],
    ['another JSON', '{"a": {"b": 1}}', 'the keys "a"'],
    ['a trainer state without a history', '{\n"global_step": 3\n}', 'log_history'],
    ['a history of numbers', '{\n"log_history": [3]\n}', 'log_history.0'],
    ['a cut document', '{\n"log_history": [', 'no JSON'],
    ['a cut first line', '{"step": 1, "da', 'The file is no JSON'],
    ['a line without its step', '{"step": 1, "data": {"a": 1}}\n{"data": {}}', 'Line 2: "step"'],
    ['a header alone', '{"type": "header", "lane": 0, "name": "a", "settings": {}}', 'no steps'],
    [
      'a header without a lane',
      '{"type": "header"}\n{"type": "step", "step": 1}',
      'Line 1 of the record has a bad "lane"',
    ],
    ['a row too short', 'a,b\n1,2\n3\n', 'Line 3 has 1 cells; the header, line 1, has 2'],
    ['an open quote', 'a,b\n1,"2\n', 'Line 2: a quote'],
    ['text after a quote', 'a,b\n"1"2,3\n', 'Line 2: "2" follows'],
    ['semicolons, a row too short', 'step;reward\n1;0,5\n2\n', 'Line 3 has 1 cells'],
    [
      'a chart of envelopes alone',
      '"Step","a - reward__MIN","a - reward__MAX"\n1,0,1\n2,0,1\n',
      'Line 1: the chart has no line',
    ],
    ['words alone', 'a,b\nx,y\n', 'no column of numbers'],
    ['a long name', `${'x'.repeat(201)},b\n1,2\n`, '201 characters'],
    [
      'too many columns',
      `${Array.from({ length: 501 }, (_, i) => `c${i}`).join()}\n${'1,'.repeat(500)}1\n`,
      'column 501',
    ],
    [
      'too many rows',
      `a,b\n${'1,2\n'.repeat(limits.rows + 1)}`,
      `Line ${limits.rows + 2} is row ${limits.rows + 1}`,
    ],
    ['too many runs', `Step,${Array.from({ length: 51 }, (_, i) => `r${i} - x`).join()}\n`, '51 runs'],
  ])('%s', (_, text, words) => {
    const error = refused('file.csv', text);
    expect(error.code).toBe('bad-file');
    expect(error.message).toContain(words);
    expect(error.remedy).toMatch(/\.$/);
  });

  it('a file too large', () => {
    expect(() => {
      refuseLarge(limits.bytes);
    }).not.toThrow();
    expect(() => {
      refuseLarge(51e6);
    }).toThrow('51 MB; the page reads 50.');
  });
});

describe('sizes are looked at before anything is built', () => {
  const line = (data: string): string => `{"step": 1, "data": {"a": 1, "b": NaN, ${data}}}`;
  const columns = (count: number, value: string): string =>
    Array.from({ length: count }, (_, i) => `"c${i}": ${value}`).join();
  const labHeader = (lane: number, name = 'x'): string =>
    `{"type": "header", "lane": ${lane}, "name": "${name}", "settings": {}, "plan": null}`;
  const labStep = (lane: number, more = ''): string =>
    `{"type": "step", "lane": ${lane}, "step": 1, "reward/mean": 0.5${more}}`;

  it.each<[string, string, string]>([
    ['commas', `${','.repeat(1e6)}\n1`, 'Line 1 has more than 2000 cells'],
    ['commas further down', `a,b\n1${','.repeat(1e6)}`, 'Line 2 has more than 2000 cells'],
    ['quotes', `a,b\n${'"'.repeat(2e6 + 1)}`, 'Line 2: a quote is opened'],
    ['quoted quotes', `a\n"${'""'.repeat(1e6)}"`, 'No line of the file'],
    ['a control character behind a quote', '"a"\u001b,b', String.raw`"\u{1b}" follows`],
    ['a string never closed', line(`"c": "${'x\\"'.repeat(1e6)}`).slice(0, -2), 'no JSON'],
    ['many strings never closed', `{"step": NaN, "data": ["${'x\\"", "'.repeat(3e5)}`, 'no JSON'],
    ['lists in lists', line(`"c": ${'['.repeat(5000)}${']'.repeat(5000)}`), 'more than 32 deep'],
    ['objects in objects, open', line('"c": {'.repeat(1e6)), 'more than 32 deep'],
    ['a row of columns', line(columns(600, '1')), '"c498" is column 501'],
    ['a row of texts', line(columns(600, '"x"')), '"c500" is column 501'],
    ['a row of keys', line(columns(1e5, 'null')), 'more than 2000 keys'],
    ['a text’s name of a megabyte', line(`"${'x'.repeat(1e6)}": "y"`), '1000000 characters'],
    ['a document of one row', `{"log_history": [{${columns(1e5, '1')}}]}`, 'more than 2000 keys'],
    ['a document of empty rows', `{"log_history": [${'{},'.repeat(1e6)}{}]}`, 'lists and objects in all'],
    ['a document of numbers', `{"log_history": [], "x": [${'0,'.repeat(2.1e7)}0]}`, 'values in all'],
    ['lanes without steps', Array.from({ length: 60 }, (_, i) => labHeader(i)).join('\n'), 'no steps'],
    [
      'many lanes',
      Array.from({ length: 60 }, (_, i) => `${labHeader(i)}\n${labStep(i)}`).join('\n'),
      'holds 60 runs',
    ],
    [
      'rows after columns',
      `${Array.from({ length: 500 }, (_, i) => `c${i}`).join()}\n${`1${',1'.repeat(499)}\n`.repeat(20_001)}`,
      'more than 10 million cells',
    ],
  ])('%s', (_, text, words) => {
    const begin = performance.now();
    const { message } = refused('file', text);
    expect(message).toContain(words);
    expect(message.length).toBeLessThan(400);
    expect(message).not.toMatch(/\p{Cc}/u);
    // A second or less where cores are free; what is not linear in a megabyte takes hours.
    expect(performance.now() - begin).toBeLessThan(waitMs);
  });

  it('a long text beside a NaN is read, and told by its first words', () => {
    const [log] = parseLog('f', line(`"c": "${'x'.repeat(1e7)}"`));
    expect(log?.leftOut).toEqual([`c (line 1: "${'x'.repeat(22)}…)`]);
  });

  it('names are told on one line, whatever they are', () => {
    const [log] = parseLog('f', `${labHeader(1, 'a\\u0007\\n\\u202eb')}\n${labStep(1)}`);
    expect(log?.name).toBe('a b');
  });

  it.each(['lab.jsonl', 'verl.jsonl', 'trainer_state.json', 'wandb_history.csv'])(
    '%s of any editor',
    (file) => {
      const text = readFileSync(`tests/fixtures/logs/${file}`, 'utf8');
      for (const ends of ['\r\n', '\r']) {
        expect(parseLog(file, `\uFEFF${text.replaceAll('\n', ends)}`)).toEqual(parseLog(file, text));
      }
    },
  );
});

describe('whatever it is given, the parser reads it or refuses it', () => {
  const either = (text: string): void => {
    try {
      for (const log of parseLog('f', text)) {
        expect(log.columns.length).toBeGreaterThan(0);
        for (const { values } of log.columns) expect(values).toHaveLength(log.rows);
        readRows(log, guessMapping(log));
      }
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      expect(error.code).toBe('bad-file');
    }
  };

  it('any text', () => {
    fc.assert(fc.property(fc.string(), either), { numRuns: 500 });
  });

  it('any JSON, as a document and within the formats', () => {
    const form = fc.constantFrom(
      (json: unknown): unknown => json,
      (json: unknown): unknown => ({ log_history: json }),
      (json: unknown): unknown => ({ log_history: [json] }),
      (json: unknown): unknown => ({ step: 1, data: json }),
      (json: unknown): unknown => ({ type: 'header', name: json }),
    );
    fc.assert(
      fc.property(fc.jsonValue(), form, (json, inForm) => {
        either(JSON.stringify(inForm(json)));
        either(JSON.stringify(inForm(json), null, 2));
      }),
      { numRuns: 300 },
    );
  });

  it('fixtures, cut anywhere', () => {
    for (const file of ['trainer_state.json', 'verl.jsonl', 'wandb_history.csv', 'lab.jsonl']) {
      const text = readFileSync(`tests/fixtures/logs/${file}`, 'utf8');
      for (let end = 0; end < text.length; end += 7) either(text.slice(0, end));
    }
  });

  it('rows of commas, quotes and numbers', () => {
    const piece = fc.constantFrom(
      ',',
      '"',
      '""',
      '\n',
      '\r\n',
      '1',
      '-2e3',
      'NaN',
      'a - b',
      '__MIN',
      'step',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        either(pieces.join(''));
      }),
      { numRuns: 1000 },
    );
  });
});
