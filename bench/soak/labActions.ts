import type { Chance } from './chance.ts';
import { Breach, type Look } from './tab.ts';
import { type Action, answered, compareLanes, type Done, offers, onLab, type World } from './world.ts';

/** Values of live knobs: small changes, and such that a run stays a run. */
const liveKnobs: readonly (readonly [string, readonly string[]])[] = [
  ['learningRate', ['0.0002', '0.0005', '0.001']],
  ['temperature', ['0.7', '1', '1.2']],
  ['anchorShare', ['0.25', '0.5']],
  ['anchorMomentum', ['0.9', '0.99']],
  ['guard', ['off', 'rollback']],
  ['steps', ['20', '40', '60', '90']],
  ['checkpointEvery', ['2', '4', '5']],
  ['evalEvery', ['2', '5', '10']],
  ['klCoefficient', ['0', '0.005']],
  ['iqrFactor', ['0.5', '0.75']],
];
/** Of those that restart a lane. */
const restartKnobs: readonly (readonly [string, readonly string[]])[] = [
  ['promptsPerStep', ['2', '4']],
  ['groupSize', ['4', '8']],
  ['seed', ['1', '2', '3']],
  ['algorithm', ['srt', 'm-grpo', 'm-grpo-iqr', 'intuitor', 'ttrl', 'grpo-oracle']],
  ['evalPrompts', ['2', '4']],
];
/** What is refused, with a knob that refuses it. */
const nonsense: readonly (readonly [string, string])[] = [
  ['learningRate', '7'],
  ['temperature', 'warm'],
  ['steps', '0'],
  ['groupSize', '1e9'],
];
const presets = ['entropy', 'duel', 'srt', 'm-grpo-iqr', 'intuitor', 'guarded-srt', 'cure'];
const names = ['Mine', '<b>bold</b>', 'ünïcödé 💡', '  two  spaces ', 'x'.repeat(60), ''];

async function knob(
  { tab }: World,
  chance: Chance,
  knobs: readonly (readonly [string, readonly string[]])[],
): Promise<string> {
  if (chance.percent(20)) {
    const reach = tab.page.getByRole('radio', { name: chance.pick(['Change all lanes', 'Only this lane']) });
    if ((await reach.count()) > 0) await reach.check({ force: true });
  }
  const [id, values] = chance.pick(knobs);
  const value = chance.pick(values);
  return (await tab.setKnob(id, value)) ? `${id} ${value}` : `${id} can have no effect`;
}

/** Until a step is made, or none is to be. */
async function going({ tab }: World, { made }: Look): Promise<void> {
  await tab.until((now) => now.made > made || now.state !== 'Training' || now.answers !== null, 'A step');
}

/** What a reader does with lanes, and with what they are set to. */
export const labActions: readonly Action[] = [
  {
    name: 'train',
    weight: 14,
    can: offers('Train'),
    act: async (world, chance, look) => {
      const { tab } = world;
      if (chance.percent(70)) await tab.press('Train');
      else await byKey(world, ' ');
      await tab.until(({ state }) => state !== look.state, 'The start of the training');
      await going(world, look);
      return { said: '' };
    },
  },
  {
    name: 'pause',
    weight: 10,
    can: offers('Pause'),
    act: async (world, chance) => {
      if (chance.percent(70)) await world.tab.press('Pause');
      else await byKey(world, ' ');
      await world.tab.until(({ state }) => state !== 'Training', 'A pause');
      return { said: '' };
    },
  },
  {
    name: 'step',
    weight: 8,
    can: offers('Step'),
    act: async (world, chance) => {
      if (chance.percent(70)) await world.tab.press('Step');
      else await byKey(world, 's');
      return { said: '' };
    },
  },
  {
    name: 'go on',
    weight: 6,
    can: offers('Go on'),
    act: async (world, _, look) => {
      await world.tab.press('Go on');
      await going(world, look);
      return { said: '' };
    },
  },
  {
    name: 'watch for a while',
    weight: 10,
    can: () => true,
    act: async ({ tab }, chance) => {
      const ms = 500 + chance.whole(4500);
      await tab.page.waitForTimeout(ms);
      return { said: `${(ms / 1000).toFixed(1)} s` };
    },
  },
  {
    name: 'export and compare',
    weight: 8,
    can: (look) => !look.presenting,
    act: async (world) => {
      const lanes = await compareLanes(world);
      return { said: (lanes ?? []).map(({ name, rows }) => `${name}: ${rows.length} rows`).join(', ') };
    },
  },
  {
    name: 'reset',
    weight: 2,
    can: offers('Reset'),
    act: async (world, chance) => {
      await world.tab.press('Reset');
      return answered(world, chance);
    },
  },
  {
    name: 'live knob',
    weight: 12,
    can: (look) => onLab(look) && look.lanes.length > 0,
    act: async (world, chance) => ({ said: await knob(world, chance, liveKnobs) }),
  },
  {
    name: 'restart knob',
    weight: 6,
    can: (look) => onLab(look) && look.lanes.length > 0,
    act: async (world, chance) => {
      const said = await knob(world, chance, restartKnobs);
      const done = await answered(world, chance);
      return { ...done, said: `${said}: ${done.said}` };
    },
  },
  {
    name: 'nonsense in a knob',
    weight: 2,
    can: (look) => onLab(look) && look.lanes.length > 0,
    act: async ({ tab }, chance) => {
      const [id, value] = chance.pick(nonsense);
      if (!(await tab.setKnob(id, value))) return { said: `${id} can have no effect` };
      const refusal = tab.page.locator('.control-refusal');
      if ((await refusal.count()) !== 1) throw new Breach(`${id} ${value} is not refused`);
      await (await tab.knob(id)).press('Escape');
      if ((await refusal.count()) !== 0) throw new Breach(`the refusal of ${id} ${value} stays`);
      return { said: `${id} ${value}` };
    },
  },
  {
    name: 'add a lane',
    weight: 4,
    can: offers('+ Add lane'),
    act: async ({ tab }) => {
      await tab.press('+ Add lane');
      return { said: '', falls: true };
    },
  },
  {
    name: 'clone a lane',
    weight: 3,
    can: (look) => offers('+ Add lane')(look),
    act: async ({ tab }, chance, { lanes }) => {
      const lane = chance.pick(lanes);
      await tab.inLaneMenu(lane, 'Clone');
      return { said: lane, falls: true };
    },
  },
  {
    name: 'remove a lane',
    weight: 6,
    can: (look) => onLab(look) && look.lanes.length > 1,
    act: async (world, chance, { lanes }) => {
      const lane = chance.pick(lanes);
      await world.tab.inLaneMenu(lane, 'Remove');
      const done = await answered(world, chance);
      return { ...done, said: `${lane}: ${done.said}` };
    },
  },
  {
    name: 'rename a lane',
    weight: 2,
    can: (look) => onLab(look) && look.lanes.length > 0,
    act: async ({ tab }, chance, { lanes }) => {
      const lane = chance.pick(lanes);
      const name = chance.pick(names);
      await tab.inLaneMenu(lane, 'Rename');
      const field = tab.page.getByRole('textbox', { name: 'New name' });
      await field.fill(name);
      await field.press(chance.pick(['Enter', 'Escape']));
      await tab.page.getByRole('heading', { name: 'M-GRPO Lab' }).click();
      // What is compared is known by its name.
      return { said: `${lane} → ${name}`, falls: true };
    },
  },
  {
    name: 'select a lane',
    weight: 4,
    can: (look) => onLab(look) && look.lanes.length > 1,
    act: async ({ tab }, chance, { lanes }) => {
      const lane = chance.pick(lanes);
      await tab.cardOf(lane).locator('label').click();
      return { said: lane };
    },
  },
  {
    name: 'fork from a step',
    weight: 4,
    can: (look) => onLab(look) && look.buttons.some((name) => name.startsWith('Fork from ')),
    act: async ({ tab }, chance, { made }) => {
      const step = chance.whole(Math.max(1, made + 1));
      await tab.page.getByRole('slider', { name: 'Step shown' }).fill(String(step));
      const button = tab.button(/^Fork from /);
      const said = await button.innerText();
      await button.click();
      return { said, falls: true };
    },
  },
  {
    name: 'choose a preset',
    weight: 1,
    can: onLab,
    act: async (world, chance) => {
      const preset = chance.pick(presets);
      await world.tab.page.getByRole('combobox', { name: 'Preset' }).selectOption(preset);
      const done: Done = await answered(world, chance);
      return { ...done, said: `${preset}: ${done.said}` };
    },
  },
];

/** Presses a key that is nobody's but the page's. */
async function byKey({ tab }: World, key: string): Promise<void> {
  await tab.page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
  await tab.page.keyboard.press(key);
}
