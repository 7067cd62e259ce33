import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { Chance } from './chance.ts';
import { type Opened, openChromium } from './chromium.ts';
import { type Bound, type Growth, growthOf } from './growth.ts';
import { labActions } from './labActions.ts';
import { lookActions } from './lookActions.ts';
import { type Memory, memoryOf, storedBy } from './memory.ts';
import { Breach, type Look, Tab } from './tab.ts';
import { tabActions } from './tabActions.ts';
import { type Action, answered, type Done, onLab, type World } from './world.ts';

export interface Wanted {
  readonly minutes: number;
  readonly seed: number;
  /** A folder built before. */
  readonly dist?: string;
  /** Told each line as it is known. */
  readonly tell: (line: string) => void;
  /** Whether to stop with what there is. */
  readonly stopping: () => boolean;
}

/** A look at the memory, with the page tidied up: one lane at step 0, of the smallest settings. */
export interface Sample extends Memory {
  readonly seconds: number;
  readonly action: number;
  /** Grows with each load of the page. */
  readonly life: number;
  /** Bytes on the disk. */
  readonly stored: number;
}

export interface Outcome {
  readonly seed: number;
  readonly minutes: number;
  readonly chromium: string;
  readonly actions: number;
  /** How often each was done. */
  readonly done: Readonly<Record<string, number>>;
  /** Whose button was gone when it was to be pressed: a run that ends, say. */
  readonly missed: number;
  readonly loads: number;
  /** What must not be, in words; null: nothing. */
  readonly breach: string | null;
  /** Actions of the longest life of a page, in which the heaps are judged. */
  readonly longest: number;
  /** Null: too few looks. */
  readonly growth: Readonly<Record<keyof typeof bounds, Growth | null>>;
  readonly samples: readonly Sample[];
}

/** Of each `cycle` actions, pages are loaded anew in the first ones alone: what follows is one life of a page. */
const [cycle, reloading] = [400, 60];
/** Between two looks at the memory, in actions: about a minute. */
const lookEvery = 25;
/** In so many of a hundred cases the next action comes at once. */
const impatient = 25;
/** Actions told before a breach. */
const told = 20;

/** What is judged, and how much it may grow from its settled beginning to its end. */
export const bounds = {
  page: { share: 0.15, bytes: 3e6 },
  trainer: { share: 0.15, bytes: 3e6 },
  keeper: { share: 0.15, bytes: 3e6 },
  gpu: { share: 0.15, bytes: 30e6 },
  renderer: { share: 0.15, bytes: 50e6 },
  browser: { share: 0.15, bytes: 50e6 },
} satisfies Partial<Record<keyof Sample, Bound>>;

/** What steps in milliseconds. */
const tiny: readonly (readonly [string, string])[] = [
  ['model', 'sort-32'],
  ['algorithm', 'm-grpo-iqr'],
  ['promptsPerStep', '2'],
  ['groupSize', '8'],
  ['evalPrompts', '2'],
  ['evalMajorityPrompts', '0'],
];
const first = {
  ...Object.fromEntries(tiny.filter(([id]) => id !== 'algorithm')),
  ...{ preset: 'entropy', warmupSteps: '0', evalEvery: '2', checkpointEvery: '4', steps: '40' },
};

const all: readonly Action[] = [...labActions, ...lookActions, ...tabActions];
/** A question, or a chart that hides the page, is met first. */
const answer: Action = { name: 'answer', weight: 1, can: () => true, act: answered };
const leave: Action = {
  name: 'leave',
  weight: 1,
  can: () => true,
  act: async ({ tab }) => {
    await tab.page.keyboard.press('Escape');
    return { said: '' };
  },
};

/** States in which a reader can go on. */
const calm = ['Ready to train', 'Training', 'Paused', 'Finished'];
/** What a notice may say: each is what a reader asked for. */
const expectedNotices: readonly RegExp[] = [];

/** Does what readers do, at random, until the time is over or something is wrong. */
export async function soak(wanted: Wanted): Promise<Outcome> {
  const opened = await openChromium(wanted.dist);
  try {
    return await soakIn(opened, wanted);
  } finally {
    await opened.close();
  }
}

async function soakIn(opened: Opened, { minutes, seed, tell, stopping }: Wanted): Promise<Outcome> {
  const query = new URLSearchParams(first).toString();
  const world: World = {
    ...{ opened, lanes: null, record: null },
    tab: await Tab.open(opened.context, `${opened.address}?${query}`),
  };
  const began = Date.now();
  const seconds = (): number => (Date.now() - began) / 1000;
  const samples: Sample[] = [];
  const done: Record<string, number> = {};
  const lines: string[] = [];
  const spans: number[] = [0];
  let [missed, number, made, falls] = [0, 0, -1, false];
  let breach: string | null = null;
  const note = (line: string): void => {
    lines.push(line);
    tell(line);
  };
  try {
    await world.tab.settled();
    while (seconds() < 60 * minutes && !stopping()) {
      number++;
      const at = seconds();
      const chance = new Chance(seed, number);
      if (number % lookEvery === 0) {
        await tidied(world);
        [made, falls] = [-1, false];
        const memory = await memoryOf(opened.context, world.tab.page, opened.devtools);
        const stored = await storedBy(world.tab.page);
        samples.push({ seconds: at, action: number, life: spans.length, stored, ...memory });
        note(`#${number} ${at.toFixed(0)} s  tidied: ${inWords({ ...memory, stored })}`);
        continue;
      }
      const look = await world.tab.look();
      const action = actionFor(look, world, chance, number);
      let what: Done;
      try {
        what = await action.act(world, chance, look);
      } catch (error) {
        // What was there to be pressed may be gone by now; what still is there has to give way.
        const now = await world.tab.look();
        const gone = error instanceof Error && error.name === 'TimeoutError' && !action.can(now, world);
        if (!gone) throw error;
        missed++;
        what = { said: 'came too late', falls: true };
      }
      done[action.name] = (done[action.name] ?? 0) + 1;
      if (action.reloads === true) spans.push(number);
      falls ||= what.falls === true;
      if (falls) world.lanes = action.reloads === true ? world.lanes : null;
      const rests = !chance.percent(impatient);
      const now = rests ? await world.tab.settled() : await world.tab.look();
      note(
        `#${number} ${at.toFixed(0)} s  ${action.name}  ${what.said}  → ${now.page}, ${now.state}, step ${now.made}`,
      );
      checkComplaints(world);
      if (!rests) continue;
      check(now, falls ? -1 : made);
      [made, falls] = [now.made, false];
    }
  } catch (error) {
    breach = error instanceof Breach ? error.message : String(error instanceof Error ? error.stack : error);
    const picture = join(tmpdir(), `soak-${seed}-${number}.png`);
    await world.tab.page.screenshot({ path: picture }).catch(() => undefined);
    tell(`\nBREACH at action ${number} of --seed ${seed}: ${breach}\nThe last ${told} actions:`);
    for (const line of lines.slice(-told)) tell(line);
    tell(`A picture: ${picture}`);
  }
  spans.push(number);
  const lengths = spans.slice(1).map((to, index) => to - (spans[index] ?? 0));
  const longest = Math.max(...lengths);
  const life = lengths.indexOf(longest) + 1;
  return {
    ...{ seed, minutes: seconds() / 60, chromium: opened.browser.version(), actions: number, done, missed },
    ...{ loads: spans.length - 1, breach, longest, samples },
    growth: Object.fromEntries(
      Object.entries(bounds).map(([what, bound]) => {
        const whole = what === 'gpu' || what === 'browser';
        const seen = samples.filter((sample) => whole || sample.life === life);
        return [
          what,
          growthOf(
            seen.map((sample) => sample[what as keyof typeof bounds]),
            bound,
          ),
        ];
      }),
    ) as Outcome['growth'],
  };
}

function actionFor(look: Look, world: World, chance: Chance, number: number): Action {
  if (look.answers !== null) return answer;
  if (look.enlarged || look.presenting) return leave;
  const anew = number % cycle < reloading;
  return chance.weighted(all.filter(({ can, reloads }) => (reloads !== true || anew) && can(look, world)));
}

function checkComplaints({ tab }: World): void {
  if (tab.complaints.length > 0) throw new Breach(`the page complains: ${tab.complaints.join('; ')}`);
}

/** @param made steps that were seen before; -1: there may be fewer now */
function check({ state, trouble, notice, line, made: now, answers }: Look, made: number): void {
  if (answers === null && !calm.includes(state))
    throw new Breach(`the page says “${state}”: ${trouble ?? 'nothing more'}`);
  if (trouble !== null) throw new Breach(`the page says: ${trouble}`);
  if (notice !== null && !expectedNotices.some((known) => known.test(notice)))
    throw new Breach(`the page says: ${notice}`);
  if (line?.includes('from here on') === true) throw new Breach(`the page says: ${line}`);
  if (now < made) throw new Breach(`${made} steps became ${now}`);
}

/** The same whatever came before: one lane at step 0, of the smallest settings, on the page Lab. */
async function tidied(world: World): Promise<void> {
  const { tab } = world;
  const inDialog = async (name: string): Promise<void> => {
    if ((await tab.look()).answers === null) return;
    await tab.page.locator('dialog.question').getByRole('button', { name, exact: true }).click();
    await tab.until(({ answers }) => answers === null, 'The end of a question');
  };
  await inDialog('Keep this run');
  for (const { enlarged, presenting } of [await tab.look()])
    if (enlarged || presenting) await tab.page.keyboard.press('Escape');
  await tab.page.setViewportSize({ width: 1440, height: 900 });
  if (!onLab(await tab.look())) await tab.go('Lab');
  if ((await tab.settled()).state === 'Training') await tab.press('Pause').catch(() => undefined);
  await tab.until(({ state }) => state !== 'Training', 'A pause');
  for (let { lanes } = await tab.look(); lanes.length > 1; { lanes } = await tab.look()) {
    await tab.inLaneMenu(lanes.at(-1) ?? '', 'Remove');
    await inDialog('Remove');
  }
  for (const [id, value] of tiny) {
    await tab.setKnob(id, value);
    await inDialog('Restart');
  }
  await tab.settled();
  if ((await tab.look()).buttons.includes('Reset')) {
    await tab.press('Reset');
    await inDialog('Restart');
  }
  if ((await tab.look()).notice !== null) await tab.press('Dismiss');
  await tab.until(({ state }) => state === 'Ready to train', 'A lane at step 0');
  checkComplaints(world);
  world.lanes = null;
}

function inWords({
  page,
  trainer,
  keeper,
  nodes,
  gpu,
  renderer,
  browser,
  stored,
}: Memory & { stored: number }): string {
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  return [
    `page ${mb(page)}, ${nodes} nodes`,
    `trainer ${mb(trainer)}`,
    `keeper ${mb(keeper)}`,
    `processes: GPU ${mb(gpu)}, page ${mb(renderer)}, browser ${mb(browser)}`,
    `stored ${mb(stored)}`,
  ].join('; ');
}

/** What there is to be said at the end. */
export function reportOf({
  minutes,
  actions,
  missed,
  loads,
  longest,
  growth,
  breach,
  seed,
  chromium,
}: Outcome): string {
  const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const grew = Object.entries(growth).map(([what, found]) => {
    if (found === null) return `${what.padEnd(9)} too few looks`;
    const { from, to, most, bounded } = found;
    const { share, bytes } = bounds[what as keyof typeof bounds];
    const most100 = `at most + ${100 * share} % + ${mb(bytes)}`;
    return `${what.padEnd(9)} ${mb(from)} → ${mb(to)}, most ${mb(most)}: ${bounded ? 'bounded' : 'NOT BOUNDED'} (${most100})`;
  });
  return [
    `${minutes.toFixed(1)} minutes, seed ${seed}, Chromium ${chromium}: ${actions} actions, ${missed} of them too late, the page loaded ${loads} times, once for ${longest} actions.`,
    breach === null ? 'Nothing was wrong.' : `BREACH: ${breach}`,
    ...grew,
  ].join('\n');
}

export function isWell({ breach, growth }: Outcome): boolean {
  return breach === null && Object.values(growth).every((found) => found?.bounded !== false);
}
