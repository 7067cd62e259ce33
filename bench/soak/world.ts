import type { Chance } from './chance.ts';
import type { Opened } from './chromium.ts';
import { gapsIn, lanesIn, lossIn, type RecordedLane } from './lanes.ts';
import { Breach, type Look, type Tab } from './tab.ts';

/** What the actions act on, and what is known of it. */
export interface World {
  readonly opened: Opened;
  /** The tab that trains. */
  tab: Tab;
  /** Its lanes as they were recorded last; null: steps were given up since, or there are none. */
  lanes: readonly RecordedLane[] | null;
  /** A record to be imported. */
  record: string | null;
}

/** What became of an action. */
export interface Done {
  readonly said: string;
  /** Whether lanes may have fewer steps than before it. */
  readonly falls?: boolean;
}

/** Something that a reader can do. */
export interface Action {
  readonly name: string;
  /** How often, beside the others. */
  readonly weight: number;
  /** Whether the page is loaded anew by it. */
  readonly reloads?: boolean;
  /** Whether it can be done now. */
  readonly can: (look: Look, world: World) => boolean;
  readonly act: (world: World, chance: Chance, look: Look) => Promise<Done>;
}

export const onLab = ({ page, presenting }: Look): boolean => page === 'lab' && !presenting;
/** Whether a button of the lab can be pressed. */
export const offers =
  (name: string) =>
  (look: Look): boolean =>
    onLab(look) && look.buttons.includes(name);

/** Exports all lanes as a record and reads it. @returns null where nothing can be exported yet */
export async function exportedLanes(world: World): Promise<readonly RecordedLane[] | null> {
  const { page } = world.tab;
  const menu = page.locator('header.top-bar details.export');
  await menu.locator('> summary').click();
  const entry = menu.getByRole('button', { name: 'Metrics as JSON lines', exact: true });
  if (await entry.isDisabled()) {
    await page.keyboard.press('Escape');
    return null;
  }
  world.record = await world.opened.saved(() => entry.click());
  return lanesIn(world.record);
}

/**
 * Exports all lanes and compares them with what was seen of them before.
 * @param mayLose see `lossIn`
 * @throws Breach where steps are missing, or are other ones
 */
export async function compareLanes(world: World, mayLose = false): Promise<readonly RecordedLane[] | null> {
  const before = world.lanes;
  const after = await exportedLanes(world);
  if (after === null) {
    const most = (before ?? []).find(({ rows, checkpointEvery }) => rows.length > checkpointEvery + 1);
    if (most !== undefined)
      throw new Breach(`nothing can be exported of ${most.name}, which had ${most.rows.length} rows`);
    world.lanes = null;
    return null;
  }
  const wrong = [...gapsIn(after), ...(before === null ? [] : lossIn(before, after, mayLose))];
  if (wrong.length > 0) throw new Breach(wrong.join('; '));
  world.lanes = after;
  return after;
}

/** Answers a question in one of its ways, where one is asked. */
export async function answered(world: World, chance: Chance): Promise<Done> {
  const { tab } = world;
  const { answers } = await tab.look();
  if (answers === null) return { said: 'nothing is asked', falls: true };
  if (chance.percent(15)) await world.opened.saved(() => tab.press('Export its metrics'));
  const answer = chance.pick(answers.filter((each) => each !== 'Export its metrics'));
  await tab.page.locator('dialog.question').getByRole('button', { name: answer, exact: true }).click();
  await tab.until((look) => look.answers === null, 'The end of a question');
  return { said: `“${answer}”`, falls: answer !== 'Keep this run' };
}
