import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readRecord } from '../../src/records/read.ts';
import { toRow } from '../../src/spec/metrics.ts';
import { openFromAddress } from '../../src/store/address.ts';
import { connect, receive } from '../../src/store/connection.ts';
import { lab } from '../../src/store/lanes.ts';
import { keepInFile, leaveFile, ownFile } from '../../src/store/ownFile.ts';
import { heldInWords } from '../../src/ui/keptWords.ts';

let content = '';
const handle = {
  name: 'mine.jsonl',
  createWritable: () =>
    Promise.resolve({
      write: (text: string) => {
        content = text;
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    }),
};

/** The trainer tells of steps of a lane. */
async function made(index: number, ...steps: number[]): Promise<void> {
  const { id = 0 } = lab.getState().lanes[index] ?? {};
  const rows = Float64Array.from(steps.flatMap((step) => [...toRow({ step })]));
  receive({ type: 'rows', lane: id, count: steps.length, rows });
  await vi.advanceTimersByTimeAsync(200);
}

/** The last steps that the file holds, and how many changes. */
function held() {
  return readRecord(content).runs.map(({ rows, changes }) => [rows.at(-1)?.step, changes.length]);
}

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { baseURI: 'http://lab.test/' });
  vi.stubGlobal('location', { origin: 'http://lab.test', pathname: '/' });
  vi.stubGlobal('showSaveFilePicker', () => Promise.resolve(handle));
  connect({ postMessage: () => undefined, onmessage: null, onerror: null });
  openFromAddress('');
  receive({ type: 'state', state: 'paused' });
  await made(0, 0, 1, 2);
  await keepInFile();
  await vi.advanceTimersByTimeAsync(0);
});
afterEach(() => {
  leaveFile();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

it('holds what a lane makes that is behind the others, and says up to which step of which', async () => {
  const [first, second] = lab.getState().lanes.map(({ name }) => name);
  await made(1, 0, 1);
  expect(held()).toEqual([
    [2, 0],
    [1, 0],
  ]);
  const said = (): string => heldInWords(ownFile.getState().lanes);
  expect(said()).toBe(`holds ${first} up to step 2, ${second} up to step 1`);
  await made(1, 2);
  expect(said()).toBe('holds all up to step 2');
});

it('holds a change without a further step', async () => {
  await made(1, 0, 1, 2);
  const { id = 0 } = lab.getState().lanes[0] ?? {};
  receive({ type: 'changed', lane: id, step: 2, changes: { learningRate: 5e-4 }, by: 'reader' });
  await vi.advanceTimersByTimeAsync(200);
  expect(held()).toEqual([
    [2, 1],
    [2, 0],
  ]);
});
