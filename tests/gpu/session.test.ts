import { afterEach, expect, test, vi } from 'vitest';
import { openHeadless } from '../../src/cli/headless.ts';
import { nodeHost } from '../../src/cli/host.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import type { Command, Event } from '../../src/session/protocol.ts';
import { Session } from '../../src/session/session.ts';
import { validateSettings } from '../../src/settings/settings.ts';
import { fromRow } from '../../src/spec/metrics.ts';
import { waitMs } from '../patience.ts';

const settings = validateSettings({
  ...{ model: 'sort-32', promptsPerStep: 2, groupSize: 4, steps: 3, warmupSteps: 0 },
  ...{ evalPrompts: 2, evalSamples: 1, evalMajorityPrompts: 0 },
});
const lost: Gpu[] = [];
afterEach(() => {
  for (const gpu of lost.splice(0)) gpu.device.destroy();
});

/** A session on a device of its own, and all that it says. */
function opened(mostDevices = 1) {
  const events: Event[] = [];
  let devices = 0;
  const session = new Session(
    {
      ...nodeHost,
      openGpu: async () => {
        if (++devices > mostDevices) throw new Error('it is over');
        const gpu = await openHeadless();
        lost.push(gpu);
        return gpu;
      },
    },
    (event) => events.push(event),
  );
  const says = (so: (event: Event) => boolean): Promise<void> =>
    vi.waitFor(
      () => {
        expect(events.some(so)).toBe(true);
      },
      { timeout: waitMs, interval: 10 },
    );
  const ask = (...all: Command[]): void => {
    for (const command of all) session.receive(command);
  };
  return { events, says, ask };
}

const open = (...lanes: number[]): Command => ({
  type: 'open',
  lanes: lanes.map((lane) => ({ lane, settings })),
  ...{ base: '', keeps: false, apart: false },
});
const put = (lane: number, replaces: number | null = null): Command => ({
  ...{ type: 'put', lane, settings, replaces, from: null },
});
const turn = (lane: number, temperature: number): Command => ({
  ...{ type: 'change', lane, changes: { temperature } },
});
const stepsOf = (events: readonly Event[], of: number): readonly number[] =>
  events.flatMap((event) => (event.type === 'rows' && event.lane === of ? [...stepsIn(event)] : []));

function* stepsIn({ rows, count }: Event & { type: 'rows' }): Generator<number> {
  for (let row = 0; row < count; row++) yield fromRow(rows, (row * rows.length) / count).step;
}

test('what is asked of lanes while they are being made waits until they are there, and reaches them', async () => {
  const { events, says, ask } = opened();
  ask(open(1, 2), turn(2, 0.7), { type: 'drop', lane: 1 }, put(3), put(4, 3), turn(4, 0.9));
  await says(({ type, ...event }) => type === 'changed' && 'lane' in event && event.lane === 4);
  // Ready once, when all that was opened is.
  const states = events.flatMap((event) => (event.type === 'state' ? [event.state] : []));
  expect(states.slice(0, 3)).toEqual(['checking', 'compiling', 'ready']);
  expect(new Set(states.slice(3))).toEqual(new Set(['ready']));
  ask({ type: 'train' });
  await says((event) => event.type === 'state' && event.state === 'finished');
  expect([1, 2, 3, 4].map((lane) => stepsOf(events, lane))).toEqual([[], [0, 1, 2, 3], [], [0, 1, 2, 3]]);
  const changed = events.flatMap((event) =>
    event.type === 'changed' ? [[event.lane, event.step, event.changes]] : [],
  );
  expect(changed).toEqual([
    [2, 0, { temperature: 0.7 }],
    [4, 0, { temperature: 0.9 }],
  ]);
});

test('a knob of a lane that is on its way while others train is turned before its first step', async () => {
  const { events, says, ask } = opened();
  ask(open(1));
  await says((event) => event.type === 'state' && event.state === 'ready');
  ask({ type: 'train' }, put(2), turn(2, 0.7));
  await says((event) => event.type === 'state' && event.state === 'finished');
  await says((event) => event.type === 'changed' && event.lane === 2);
  const at = events.findIndex((event) => event.type === 'changed' && event.lane === 2);
  expect(stepsOf(events.slice(0, at), 2)).toEqual([]);
  expect(stepsOf(events, 2)).toEqual([0, 1, 2, 3]);
});

test('what was asked when the device is lost is done once there is another: no lane trains on that was removed', async () => {
  const { events, says, ask } = opened(2);
  ask(open(1, 2));
  await says((event) => event.type === 'state' && event.state === 'ready');
  ask({ type: 'train' });
  await says((event) => event.type === 'rows' && event.lane === 2);
  ask({ type: 'drop', lane: 2 }, turn(1, 0.7), put(3));
  lost[0]?.device.destroy();
  await says((event) => event.type === 'rewound' && event.lane === 1);
  const at = events.length;
  await says((event) => event.type === 'state' && event.state === 'finished');
  const later = events.slice(at);
  expect([1, 2, 3].map((lane) => stepsOf(later, lane).at(-1))).toEqual([3, undefined, 3]);
  expect(events.some(({ type }) => type === 'refused')).toBe(false);
  expect(events).toContainEqual(expect.objectContaining({ type: 'changed', lane: 1 }));
});
