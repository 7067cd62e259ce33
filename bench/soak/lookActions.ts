import { patienceMs } from './chromium.ts';
import { lanesIn, lossIn } from './lanes.ts';
import { Breach } from './tab.ts';
import { type Action, answered, compareLanes, onLab, type World } from './world.ts';

const pages = ['Lab', 'Runs', 'Playground', 'Model', 'Watch', 'Guide', 'Paper', 'Bench'];
const charts = ['Entropy', 'Held-out accuracy', 'Vote', 'Update'];
const exports = ['Metrics as CSV', 'Run as a page', 'TRL script', 'verl launch script', 'ONNX of the policy'];

const items = ({ tab }: World) => tab.page.getByRole('list', { name: 'Kept runs' }).locator('> li');
/** Those that are not open in the lab: it may begin at any time. */
const others = ({ tab }: World) =>
  tab.page.getByRole('list', { name: 'Kept runs' }).locator('> li:not([aria-current])');
/** Once the list of kept runs is read. */
async function listed(world: World): Promise<void> {
  const read = world.tab.page.locator('main.runs:not([aria-busy])');
  await read.waitFor({ timeout: patienceMs });
}
const onRuns = ({ page }: { readonly page: string }): boolean => page === 'runs';

/** How a reader looks at runs, and what they do with those that are kept. */
export const lookActions: readonly Action[] = [
  {
    name: 'show a page',
    weight: 8,
    can: ({ presenting }) => !presenting,
    act: async (world, chance, { page }) => {
      const name = page === 'lab' || chance.percent(40) ? chance.pick(pages) : 'Lab';
      await world.tab.go(name);
      const shown = world.tab.page.locator('main:not(.loading)');
      await shown.first().waitFor({ timeout: patienceMs });
      if (name === 'Runs') await listed(world);
      return { said: name };
    },
  },
  {
    name: 'present',
    weight: 1,
    can: onLab,
    act: async ({ tab }, chance) => {
      await tab.page.getByRole('link', { name: 'Present', exact: true }).click();
      await tab.until(({ presenting }) => presenting, 'The page for a room');
      for (let turn = chance.whole(4); turn > 0; turn--)
        await tab.page.keyboard.press(chance.pick(['ArrowLeft', 'ArrowRight', 't']));
      await tab.page.keyboard.press('Escape');
      await tab.until(({ presenting }) => !presenting, 'The lab');
      return { said: '' };
    },
  },
  {
    name: 'enlarge a chart',
    weight: 3,
    can: onLab,
    act: async ({ tab }, chance) => {
      const chart = chance.pick(charts);
      await tab.press(`${chart}: enlarge`);
      await tab.until(({ enlarged }) => enlarged, 'A chart enlarged', patienceMs);
      const axis = tab.page.locator('dialog.enlarged').getByLabel('along');
      if (chance.percent(50) && (await axis.count()) > 0) {
        const axes = await axis
          .locator('option:not([disabled])')
          .evaluateAll((options) => options.map((option) => (option as HTMLOptionElement).value));
        await axis.selectOption(chance.pick(axes));
      }
      await tab.page.waitForTimeout(chance.whole(1500));
      if (chance.percent(50)) await tab.page.keyboard.press('Escape');
      else await tab.page.locator('dialog.enlarged').getByRole('button', { name: 'Close' }).click();
      await tab.until(({ enlarged }) => !enlarged, 'A chart in its place');
      return { said: chart };
    },
  },
  {
    name: 'a chart as a table, and back',
    weight: 2,
    can: onLab,
    act: async ({ tab }, chance) => {
      const chart = chance.pick(charts);
      const figure = tab.page.getByRole('figure', { name: chart, exact: true });
      for (const entry of ['Show as a table', 'Show as a chart']) {
        await figure.locator('details.more > summary').click();
        await figure.getByRole('button', { name: entry }).click();
        await tab.page.waitForTimeout(300);
      }
      return { said: chart };
    },
  },
  {
    name: 'save a chart',
    weight: 1,
    can: onLab,
    act: async ({ tab, opened }, chance) => {
      const chart = chance.pick(charts);
      const entry = chance.pick(['Save as PNG', 'Save as SVG', 'Save data as CSV']);
      const figure = tab.page.getByRole('figure', { name: chart, exact: true });
      await figure.locator('details.more > summary').click();
      const content = await opened.saved(() => figure.getByRole('button', { name: entry }).click());
      if (content === '') throw new Breach(`${entry} of ${chart} is empty`);
      return { said: `${chart}: ${entry}` };
    },
  },
  {
    name: 'smooth, zoom, hide',
    weight: 4,
    can: onLab,
    act: async ({ tab }, chance) => {
      const what = chance.pick(['smoothing', 'truth', 'step', 'newest', 'all steps']);
      if (what === 'smoothing')
        await tab.page
          .getByLabel('smoothing')
          .first()
          .selectOption({ index: chance.whole(5) });
      if (what === 'truth') await tab.page.getByLabel('hide truth').click();
      if (what === 'step') {
        const slider = tab.page.getByRole('slider', { name: 'Step shown' });
        if ((await slider.count()) > 0) await slider.fill(String(chance.whole(40)));
      }
      for (const name of ['Newest', 'all steps']) {
        const button = tab.button(name);
        if (what === name.toLowerCase() && (await button.isEnabled())) await button.click();
      }
      return { said: what };
    },
  },
  {
    name: 'another size of window',
    weight: 1,
    can: () => true,
    act: async ({ tab }, chance) => {
      const [width, height] = chance.pick([
        [1440, 900],
        [1100, 800],
        [820, 900],
      ] as const);
      await tab.page.setViewportSize({ width, height });
      return { said: `${width} × ${height}` };
    },
  },
  {
    name: 'export something else',
    weight: 2,
    can: (look) => onLab(look),
    act: async ({ tab, opened }, chance) => {
      const menu = tab.page.locator('header.top-bar details.export');
      await menu.locator('> summary').click();
      const what = chance.pick(exports);
      const entry = menu.getByRole('button', { name: what, exact: true });
      if (await entry.isDisabled()) {
        await tab.page.keyboard.press('Escape');
        return { said: `${what}: not yet` };
      }
      const content = await opened.saved(() => entry.click());
      if (content === '') throw new Breach(`${what} is empty`);
      return { said: what };
    },
  },
  {
    name: 'put a message away',
    weight: 20,
    can: (look) => onLab(look) && look.notice !== null,
    act: async ({ tab }, _, { notice }) => {
      await tab.press('Dismiss');
      return { said: notice ?? '' };
    },
  },
  {
    name: 'put the line of kept runs away',
    weight: 2,
    can: (look) => onLab(look) && look.line !== null,
    act: async ({ tab }) => {
      await tab.press('Put this line away');
      return { said: '' };
    },
  },
  {
    name: 'import a record',
    weight: 6,
    can: (look, { record }) => onRuns(look) && record !== null,
    act: async (world) => {
      await listed(world);
      const before = await others(world).count();
      const file = { name: 'soak.jsonl', mimeType: 'text/plain', buffer: Buffer.from(world.record ?? '') };
      await world.tab.page.getByLabel('Records of runs').setInputFiles([file]);
      await world.tab.page.getByText('soak.jsonl was imported.').waitFor({ timeout: patienceMs });
      const after = await others(world).count();
      if (after !== before + 1) throw new Breach(`${before} kept runs and an imported one are ${after}`);
      return { said: '' };
    },
  },
  {
    name: 'export a kept run',
    weight: 5,
    can: onRuns,
    act: async (world, chance) => {
      await listed(world);
      const menus = items(world).locator('details.export');
      const count = await menus.count();
      if (count === 0) return { said: 'there is none' };
      const menu = menus.nth(chance.whole(count));
      await menu.locator('> summary').click();
      const press = () => menu.getByRole('button', { name: 'Record as JSON lines' }).click();
      const lanes = lanesIn(await world.opened.saved(press));
      return { said: lanes.map(({ name, rows }) => `${name}: ${rows.length} rows`).join(', ') };
    },
  },
  {
    name: 'open a kept run',
    weight: 8,
    can: (look) => onRuns(look) && look.buttons.includes('Open'),
    act: async (world, chance) => {
      const { tab, opened } = world;
      await listed(world);
      const openable = items(world).filter({ has: tab.page.getByRole('button', { name: /^Open / }) });
      const item = openable.nth(chance.whole(Math.max(1, await openable.count())));
      const button = item.getByRole('button', { name: /^Open / });
      await item.locator('details.export > summary').click();
      const record = item.getByRole('button', { name: 'Record as JSON lines' });
      const kept = lanesIn(await opened.saved(() => record.click()));
      await button.click();
      const done = await answered(world, chance);
      if (done.falls !== true) return done;
      await tab.until(
        (look) => look.page === 'lab' && ['Paused', 'Finished', 'Ready to train'].includes(look.state),
        'The lanes of a kept run',
      );
      world.lanes = null;
      // Of lanes that stood there when they were given up, what is listed is what is shown.
      const shown = await compareLanes(world);
      const begun = (shown ?? []).filter(({ rows }) => rows.length > 0);
      const wrong = begun.flatMap((lane) => {
        const same = kept.find(({ name }) => name === lane.name);
        return same === undefined ? [`${lane.name} was not kept`] : lossIn([same], [lane], true);
      });
      if (wrong.length > 0) throw new Breach(wrong.join('; '));
      return { said: begun.map(({ name, rows }) => `${name}: ${rows.length} rows`).join(', '), falls: true };
    },
  },
  {
    name: 'delete a kept run',
    weight: 12,
    can: (look) => onRuns(look) && look.buttons.includes('Delete'),
    act: async (world, chance) => {
      const { tab } = world;
      await listed(world);
      const buttons = items(world).getByRole('button', { name: /^Delete / });
      const before = await others(world).count();
      await buttons.nth(chance.whole(Math.max(1, await buttons.count()))).click();
      const undone = chance.percent(40);
      if (undone) await tab.press(/^Undo/);
      await tab.go('Lab');
      await tab.go('Runs');
      await listed(world);
      const after = before - (undone ? 0 : 1);
      const count = await others(world).count();
      if (count !== after)
        throw new Breach(`${before} kept runs became ${count} where ${after} were expected`);
      return { said: undone ? 'and undo it' : '' };
    },
  },
  {
    name: 'name a kept run',
    weight: 2,
    can: onRuns,
    act: async (world, chance) => {
      await listed(world);
      const buttons = items(world).getByRole('button', { name: /^Name and notes of / });
      const count = await buttons.count();
      if (count === 0) return { said: 'there is none' };
      await buttons.nth(chance.whole(count)).click();
      const name = chance.pick(['First try', '<i>x</i>', '']);
      await world.tab.page.getByRole('textbox', { name: 'Name' }).fill(name);
      await world.tab.page.getByRole('textbox', { name: 'Notes' }).fill('A note.\nAnd another.');
      await world.tab.press('Save');
      return { said: name };
    },
  },
  {
    name: 'compare kept runs',
    weight: 3,
    can: onRuns,
    act: async (world, chance) => {
      const { page } = world.tab;
      await listed(world);
      const boxes = items(world).getByRole('checkbox', { name: /^Compare / });
      const count = await boxes.count();
      const wanted = Math.min(count, 1 + chance.whole(3));
      if (wanted === 0) return { said: 'there is none' };
      for (let box = 0; box < wanted; box++) {
        if (await boxes.nth(box).isEnabled()) await boxes.nth(box).check();
      }
      await page.getByRole('region', { name: 'Chosen runs' }).getByRole('button').first().click();
      await page.getByRole('button', { name: 'Back to the list' }).click({ timeout: patienceMs });
      await listed(world);
      const none = page.getByRole('button', { name: 'Choose none' });
      if (await none.isVisible()) await none.click();
      return { said: `${wanted} of them` };
    },
  },
];
