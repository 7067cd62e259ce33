import { lossIn } from './lanes.ts';
import { Breach, type Look, Tab } from './tab.ts';
import { type Action, compareLanes, onLab, type World } from './world.ts';

/**
 * After the page was left: what is shown is what was kept, and is said so.
 * @param trains whether it may train: it was put away whole, not loaded
 */
async function thereAgain(world: World, made: number, trains = false): Promise<string> {
  const look = await world.tab.settled();
  const before = world.lanes;
  if (look.page !== 'lab') await world.tab.go('Lab');
  const after = await compareLanes(world, true);
  if (before === null || after === null) return 'nothing had begun';
  const kept = before.some(({ rows, checkpointEvery }) => rows.length - 1 > checkpointEvery);
  const resting = trains ? ['Training', 'Paused', 'Finished'] : ['Paused', 'Finished'];
  if (kept && !resting.includes(look.state))
    throw new Breach(`after ${made} steps the page says “${look.state}” once it is there again`);
  return `${made} steps, there again ${Math.min(...after.map(({ rows }) => rows.length - 1))}`;
}

/** The line above restored lanes says where they go on: the one that is furthest behind. */
async function saysWhere({ tab, lanes }: World): Promise<void> {
  const from = Math.min(...(lanes ?? []).map(({ rows }) => Math.max(0, rows.length - 1)));
  await tab.until(
    ({ line }) => line !== null && line.includes('Your run of ') && line.includes(`from step ${from}.`),
    `A line that it goes on from step ${from}`,
    30_000,
  );
}

const calm = ({ answers, enlarged, presenting }: Look): boolean =>
  answers === null && !enlarged && !presenting;

/** What a reader does with tabs, and with the page as a whole. */
export const tabActions: readonly Action[] = [
  {
    name: 'reload',
    weight: 4,
    reloads: true,
    can: calm,
    act: async (world) => {
      await compareLanes(world);
      const { made } = await world.tab.look();
      await world.tab.page.reload();
      const said = await thereAgain(world, made);
      if (world.lanes !== null && (await world.tab.look()).made > 0) await saysWhere(world);
      return { said, falls: true };
    },
  },
  {
    name: 'leave the page and come back',
    weight: 3,
    reloads: true,
    can: calm,
    act: async (world, chance) => {
      await compareLanes(world);
      const { made } = await world.tab.look();
      const { page } = world.tab;
      await page.evaluate(() => void (document.documentElement.dataset.whole = 'yes'));
      await page.goto(`${world.opened.address}models/sort-48/config.json`);
      await page.waitForTimeout(chance.whole(3000));
      // Put away whole and come back, it is not loaded.
      await page.goBack({ waitUntil: 'commit' });
      await world.tab.settled();
      const whole = await page.evaluate(() => document.documentElement.dataset.whole === 'yes');
      const said = await thereAgain(world, made, whole);
      return { said: whole ? `${said}, put away whole` : said, falls: true };
    },
  },
  {
    name: 'take the run over in another tab',
    weight: 3,
    reloads: true,
    can: (look, { lanes }) => calm(look) && onLab(look) && look.made > 0 && lanes !== null,
    act: async (world) => {
      const first = world.tab;
      const second = await Tab.open(world.opened.context, world.opened.address);
      await second.until(
        ({ line }) => line?.includes('Another tab has your run.') === true,
        'A word of the other tab',
      );
      await second.settled();
      await second.press('Take it over');
      await second.until(
        ({ state }) => state === 'Paused' || state === 'Finished',
        'The run in the other tab',
      );
      await first.page.bringToFront();
      await first.until(
        ({ line }) => line?.includes('Another tab took this run over') === true,
        'A word that it was taken over',
      );
      // It came to rest first: no step is made twice.
      const left = await compareLanes(world);
      world.tab = second;
      await second.page.bringToFront();
      world.lanes = null;
      const taken = await compareLanes(world);
      const wrong = [...lossIn(left ?? [], taken ?? [], false), ...lossIn(taken ?? [], left ?? [], false)];
      if (wrong.length > 0) throw new Breach(`taken over, ${wrong.join('; ')}`);
      second.complaints.push(...first.complaints);
      await first.page.close();
      return { said: `${(taken ?? []).map(({ rows }) => rows.length - 1).join(', ')} steps`, falls: true };
    },
  },
  {
    name: 'look with another tab',
    weight: 2,
    can: (look, { lanes }) => calm(look) && look.made > 0 && lanes !== null,
    act: async (world, chance) => {
      const other = await Tab.open(world.opened.context, world.opened.address);
      await other.settled();
      await other.go('Runs');
      await other.page.locator('main.runs:not([aria-busy])').waitFor({ timeout: 60_000 });
      const open = other.button(/^Open /);
      let said = 'nothing to open';
      if (chance.percent(60) && (await open.count()) > 0) {
        await open.click();
        const busy = other.page.getByText('Another tab has this run.');
        const there = other.page.locator('section.lanes');
        await busy.or(there).first().waitFor({ timeout: 60_000 });
        said = (await busy.count()) > 0 ? 'it is busy' : 'it is opened';
      }
      const complaints = [...other.complaints];
      await other.page.close();
      await world.tab.page.bringToFront();
      world.tab.complaints.push(...complaints);
      return { said };
    },
  },
  {
    name: 'hide and show',
    weight: 4,
    can: calm,
    act: async (world, chance, { state }) => {
      const { tab } = world;
      const other = await world.opened.context.newPage();
      await other.bringToFront();
      await tab.until(({ hidden }) => hidden, 'A hidden page');
      const { made } = await tab.look();
      const ms = 500 + chance.whole(7500);
      await other.waitForTimeout(ms);
      const now = await tab.look();
      await tab.page.bringToFront();
      await other.close();
      await tab.until(({ hidden }) => !hidden, 'A page in sight');
      return { said: `${(ms / 1000).toFixed(1)} s, ${state}, ${now.made - made} steps meanwhile` };
    },
  },
];
