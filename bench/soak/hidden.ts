import { setTimeout as pause } from 'node:timers/promises';
import { openChromium } from './chromium.ts';
import { Breach, Tab } from './tab.ts';
import { compareLanes, type World } from './world.ts';

export interface Hidden {
  readonly chromium: string;
  /** Out of sight, and in sight before and after it. */
  readonly minutes: number;
  readonly shownMinutes: number;
  /** Of all lanes, in a minute. */
  readonly perMinute: { readonly before: number; readonly hidden: number; readonly after: number };
  /** How often a timer of 100 ms fired in each minute out of sight, as the page counted: 600 in sight. */
  readonly ticks: readonly number[];
  /** What was known of the steps in each minute out of sight. */
  readonly seen: readonly number[];
  /** Steps once it was shown again, and after a reload. */
  readonly made: number;
  readonly restored: number;
  /** Null: nothing was lost. */
  readonly breach: string | null;
}

/** Hidden, it makes at least so much of what it makes in sight. */
const leastShare = 0.8;
const minuteMs = 60_000;
/** The preset as it is, for longer than there is time. */
const query = '?preset=entropy&steps=100000';

/** Trains with another tab in front, as somebody does who reads something else meanwhile. */
export async function hiddenTab(
  minutes: number,
  {
    dist,
    tell,
    stopping,
  }: { readonly dist?: string; readonly tell: (line: string) => void; readonly stopping: () => boolean },
): Promise<Hidden> {
  const opened = await openChromium(dist);
  try {
    const tab = await Tab.open(opened.context, `${opened.address}${query}`);
    const world: World = { ...{ opened, tab, lanes: null, record: null } };
    await tab.until(({ state }) => state === 'Ready to train', 'A lab');
    await tab.press('Train');
    await tab.until(({ made }) => made >= 5, 'Some steps');
    const shownMinutes = Math.min(2, minutes / 4);
    const rows = async (): Promise<number> => {
      const lanes = await compareLanes(world);
      return Math.min(...(lanes ?? []).map((lane) => lane.rows.length - 1));
    };
    /** Steps that the record has more after a while, in a minute. */
    const paceOver = async (meanwhile: () => Promise<void>): Promise<number> => {
      const [from, at] = [await rows(), Date.now()];
      await meanwhile();
      return ((await rows()) - from) / ((Date.now() - at) / minuteMs);
    };
    const before = await paceOver(() => pause(shownMinutes * minuteMs));
    tell(`in sight: ${before.toFixed(0)} steps a minute`);
    const [ticks, seen]: number[][] = [[], []];
    const hidden = await paceOver(async () => {
      const other = await opened.context.newPage();
      await other.bringToFront();
      await tab.until((look) => look.hidden, 'A hidden page');
      await tab.page.evaluate(() => {
        const counting = { ticks: 0 };
        Object.assign(globalThis, { counting });
        setInterval(() => counting.ticks++, 100);
      });
      const from = Date.now();
      let [last, made] = [0, (await tab.look()).made];
      for (let minute = 1; minute <= minutes && !stopping(); minute++) {
        await pause(Math.max(0, from + minute * minuteMs - Date.now()));
        const now = await tab.page.evaluate(
          () => (globalThis as unknown as { counting: { ticks: number } }).counting.ticks,
        );
        const look = await tab.look();
        if (!look.hidden) throw new Breach('the page says that it is in sight');
        ticks?.push(now - last);
        seen?.push(look.made - made);
        tell(
          `minute ${minute} out of sight: ${look.made - made} steps are shown, a timer of 100 ms fired ${now - last} times`,
        );
        [last, made] = [now, look.made];
      }
      await tab.page.bringToFront();
      await other.close();
      await tab.until((look) => !look.hidden, 'A page in sight');
    });
    tell(`out of sight: ${hidden.toFixed(0)} steps a minute`);
    const after = await paceOver(() => pause(shownMinutes * minuteMs));
    tell(`in sight again: ${after.toFixed(0)} steps a minute`);
    await tab.press('Pause');
    const made = (await tab.until(({ state }) => state === 'Paused', 'A pause')).made;
    await compareLanes(world);
    await tab.page.reload();
    const restored = (await tab.until(({ state }) => state === 'Paused', 'The run after a reload')).made;
    await compareLanes(world);
    const slow = hidden < (leastShare * (before + after)) / 2;
    const wrong = [
      ...(slow ? [`out of sight it makes less than ${100 * leastShare} % of the steps`] : []),
      ...(restored === made ? [] : [`of ${made} steps ${restored} are there after a reload`]),
      ...tab.complaints,
    ];
    return {
      ...{ chromium: opened.browser.version(), minutes: (seen ?? []).length, shownMinutes },
      ...{ perMinute: { before, hidden, after }, ticks: ticks ?? [], seen: seen ?? [], made, restored },
      breach: wrong.length === 0 ? null : wrong.join('; '),
    };
  } finally {
    await opened.close();
  }
}
