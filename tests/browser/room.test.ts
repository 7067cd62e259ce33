import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { standInForTrainer } from '../../bench/page/standIn.mjs';
import { essentials } from '../../src/ui/controls/essentials.ts';
import { launch, newPage, openedLab, query, reaches, waitForStep } from './lab.ts';

const lab = openedLab();

const four = { lanes: '4', '2.name': 'A lane with a long name' };

/** A page with four lanes half through a run, by the trainer's stand-in. @param lanes in their place */
async function fourLanes(visited = true, lanes: Readonly<Record<string, string>> = four): Promise<Page> {
  const { page } = await newPage(lab.browser, visited);
  await standInForTrainer(page);
  await page.goto(`${lab.host.address}${query({ ...lanes, steps: '2000' })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await waitForStep(page, 1000);
  return page;
}

it('fits from a large desk to a phone and 200 %: nothing beside the page, nothing over the progress', async () => {
  const page = await fourLanes();
  for (const [width, height] of [
    [1440, 900],
    [1280, 720],
    [1122, 800],
    [1024, 640],
    [720, 450],
    [390, 844],
  ] as const) {
    await page.setViewportSize({ width, height });
    const size = `${String(width)}×${String(height)}`;
    await expect
      .poll(() => page.evaluate(() => document.documentElement.scrollWidth), { message: size })
      .toBe(width);
    const { progress, preset, clipped, overlaid } = await page.evaluate(() => {
      const right = (selector: string): number =>
        document.querySelector(selector)?.getBoundingClientRect().right ?? NaN;
      const preset = document.querySelector('.preset')?.getBoundingClientRect();
      const said = document.querySelector('.progress-words')?.getBoundingClientRect();
      const sameRow =
        preset !== undefined && said !== undefined && preset.top < said.bottom && said.top < preset.bottom;
      return {
        progress: right('.progress-words'),
        preset: sameRow ? preset.left : Infinity,
        // However long it is said how a lane fares, its name is beside or above it.
        overlaid: [...document.querySelectorAll('.lane-head')].flatMap((head) => {
          const [name, state] = ['.lane-name', '.lane-state'].map((part) =>
            head.querySelector(part)?.getBoundingClientRect(),
          );
          const apart =
            name !== undefined &&
            state !== undefined &&
            name.width > 10 &&
            (name.right <= state.left + 1 || name.bottom <= state.top + 1);
          return apart ? [] : [head.textContent];
        }),
        // A table wider than its place can at least be scrolled, and none is cut by what is around it.
        clipped: [...document.querySelectorAll('.completions')].filter(
          (table) => table.getBoundingClientRect().width > (table.parentElement?.clientWidth ?? 0) + 1,
        ).length,
      };
    });
    expect(progress, size).toBeLessThanOrEqual(preset);
    expect(clipped, size).toBe(0);
    expect(overlaid, size).toEqual([]);
  }
  await page.close();
});

it('at 200 % the first screen shows how each lane fares and the whole title chart; the bar takes two rows at most', async () => {
  const page = await fourLanes(true, {});
  const box = async (part: Locator) => {
    const { y, height } = (await part.boundingBox()) ?? { y: NaN, height: NaN };
    return { top: y, bottom: y + height };
  };
  const bar = page.locator('.top-bar');
  for (const width of [1240, 1024, 960, 860, 801]) {
    await page.setViewportSize({ width, height: 640 });
    expect((await box(bar)).bottom, String(width)).toBeLessThan(90);
  }
  await page.setViewportSize({ width: 720, height: 450 });
  const run = await box(page.getByRole('group', { name: 'Run' }));
  const chart = page.getByRole('figure', { name: 'Reward against truth', exact: true });
  await expect.poll(async () => (await box(chart)).bottom).toBeLessThanOrEqual(run.top);
  expect((await box(page.locator('.lane').last())).bottom).toBeLessThanOrEqual((await box(chart)).top);
  await page.close();
});

it('progress, titles and legends of charts, the chosen lane’s reason and numbers of knobs are whole', async () => {
  const page = await fourLanes();
  const steps = page.getByRole('textbox', { name: 'Steps', exact: true });
  await steps.fill('100000');
  await steps.press('Enter');
  for (const [width, height] of [
    [1440, 900],
    [1280, 720],
    [1024, 640],
  ] as const) {
    await page.setViewportSize({ width, height });
    await expect
      .poll(
        () =>
          page
            .locator(
              '.progress-words, .progress-words > span, .chart h2, .legend, .legend dd, .lane-reason, .control .number',
            )
            .evaluateAll((all) =>
              all
                .filter(
                  ({ scrollWidth, clientWidth, scrollHeight, clientHeight }) =>
                    // A pixel of height is what a font takes beyond its line.
                    clientWidth > 0 && (scrollWidth > clientWidth || scrollHeight > clientHeight + 1),
                )
                .map((each) => each.textContent || (each as HTMLInputElement).value),
            ),
        { message: String(width) },
      )
      .toEqual([]);
    // What the run does is said in the same room.
    const cut = await page.locator('.progress-words').evaluate((said) => {
      const copy = said.cloneNode(true) as HTMLElement;
      const state = document.createElement('span');
      state.className = 'progress-state';
      state.textContent = 'stopped · ';
      copy.prepend(state);
      copy.lastElementChild?.replaceChildren('1.27 steps/s');
      said.replaceWith(copy);
      const words = [copy, ...copy.children]
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth && clientWidth > 0)
        .map((each) => each.textContent);
      copy.replaceWith(said);
      return words;
    });
    expect(cut, String(width)).toEqual([]);
    // A figure as wide as it gets, beside the card's menu.
    const met = await page.locator('.lane').evaluateAll((cards) =>
      cards.flatMap((card) => {
        // Without an alarm, which takes the place of what was kept.
        const mark = document.createElement('span');
        mark.textContent = '⋯';
        card.querySelector('.alarm')?.replaceWith(mark);
        const menu = card.querySelector('.lane-menu summary > span')?.getBoundingClientRect();
        const figures = [...card.querySelectorAll('.lane-figures b')];
        figures.forEach((figure) => (figure.textContent = figure.closest('.retention') ? '100 %' : '1.00'));
        const ends = figures.map((figure) => figure.getBoundingClientRect());
        return ends
          .filter(({ right, width }) => width > 0 && right > (menu?.left ?? 0))
          .map(({ right }) => right);
      }),
    );
    expect(met, String(width)).toEqual([]);
  }
  await page.close();
});

it('whatever is pressed is 24 pixels wide and high at least', async () => {
  const page = await fourLanes();
  const small = await page.evaluate(() =>
    [
      ...document.querySelectorAll<HTMLElement>(
        'main button, main summary, main select, .top-bar button, main label',
      ),
    ]
      // Beside an input of its own, or within a line of text, a name is no target; of a lane the whole card is.
      .filter(
        (each) =>
          !each.matches('.metric-name, .control-name label, .lane > label') && each.offsetParent !== null,
      )
      .flatMap((each) => {
        const { width, height } = each.getBoundingClientRect();
        return Math.min(width, height) < 24 - 0.5
          ? [`${each.textContent.slice(0, 20)} ${each.className} ${width.toFixed(0)}×${height.toFixed(0)}`]
          : [];
      }),
  );
  expect([...new Set(small)]).toEqual([]);
  await page.close();
});

it('on a phone Pause and the lanes’ states stay in sight, the timeline is as wide as the screen, rollouts are cards', async () => {
  const page = await fourLanes();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('region', { name: /^Settings of/ }).scrollIntoViewIfNeeded();
  await page.mouse.wheel(0, 10_000);
  for (const part of [
    page.getByRole('group', { name: 'Run' }),
    page.locator('.progress-words'),
    page.locator('.lane-state').first(),
  ]) {
    const box = await part.boundingBox();
    expect(box?.y).toBeGreaterThanOrEqual(0);
    expect((box?.y ?? NaN) + (box?.height ?? NaN)).toBeLessThanOrEqual(844);
  }
  const track = await page.getByRole('slider', { name: 'Step shown' }).boundingBox();
  expect(track?.width).toBeGreaterThan(350);
  const row = page.locator('.completions tbody tr').first();
  expect((await row.boundingBox())?.height).toBeGreaterThan(40);
  expect(
    await row
      .locator('td')
      .nth(3)
      .evaluate((cell) => getComputedStyle(cell, '::before').content),
  ).toContain('reward');
  await page.close();
});

it('in forced colours lanes, choices and progress can still be told apart', async () => {
  const page = await fourLanes();
  await page.emulateMedia({ forcedColors: 'active' });
  const colours = (selector: string) =>
    page.locator(selector).evaluateAll((all) => all.map((each) => getComputedStyle(each).backgroundColor));
  expect(new Set(await colours('.speed-name .swatch')).size).toBe(4);
  const [chosen, other] = await colours('.rail-choice span');
  expect(chosen).not.toBe(other);
  const cards = await page
    .locator('.lane')
    .evaluateAll((all) => all.map((each) => getComputedStyle(each).outlineStyle));
  expect(cards.filter((style) => style === 'solid')).toHaveLength(1);
  // What is not done yet is as empty as the page.
  expect(await colours('.progress progress')).toEqual(await colours('body'));
  await page.close();
});

it('prints a report: charts whole, nothing to press', async () => {
  const page = await fourLanes();
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 794, height: 1123 });
  // What belongs to the text itself remains: turns of the story, names of metrics, whose a rollout is. In one look: rows come in.
  const text = ':not(.turns button):not(.metric-name):not(.source-button)';
  const pressed = page.locator(`button${text}:visible, select:visible, input[type=range]:visible`);
  expect(await pressed.count()).toBe(0);
  for (const title of ['Reward against truth', 'Entropy', 'Held-out accuracy', 'Vote', 'Update', 'Speed']) {
    expect(await page.getByRole('figure', { name: title, exact: true }).isVisible(), title).toBe(true);
  }
  expect(await page.locator('.turns li:visible').count()).toBeLessThanOrEqual(40);
  // Two columns as wide as the cards above them, and apart.
  const edges = await page
    .locator('.story > .card:visible, .tabbed .card')
    .evaluateAll((cards) =>
      cards.map((card) => card.getBoundingClientRect()).map(({ left, right }) => [left, right] as const),
    );
  const [[leftmost, rightmost] = [NaN, NaN]] = edges;
  for (const [left, right] of edges) {
    if (left > leftmost + 1) expect(right).toBeCloseTo(rightmost, 0);
    else if (right < rightmost - 1) expect(right).toBeLessThan((leftmost + rightmost) / 2 - 2);
  }
  // Figures in place of curves are all there.
  await page.emulateMedia({ media: 'screen' });
  await page.setViewportSize({ width: 1440, height: 900 });
  const vote = page.getByRole('figure', { name: 'Vote', exact: true });
  await vote.getByText('⋯').click();
  await vote.getByRole('button', { name: 'Show as a table' }).click();
  await vote.getByRole('row', { name: /^1000 / }).waitFor({ state: 'attached' });
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 794, height: 1123 });
  const [end, cardEnd] = await vote.evaluate((card) =>
    [card.querySelector('tr:last-child'), card].map((part) => part?.getBoundingClientRect().bottom ?? NaN),
  );
  expect(await vote.locator('.chart-table').evaluate((table) => getComputedStyle(table).overflow)).toBe(
    'visible',
  );
  expect(end).toBeLessThanOrEqual(cardEnd ?? NaN);

  for (const [hash, there] of [
    ['runs', '.runs li'],
    ['watch', '.watch'],
    ['lab/present', '.present'],
  ] as const) {
    await page.evaluate((to) => void (location.hash = to), hash);
    await page.locator(there).first().waitFor();
    expect(await pressed.count(), hash).toBe(0);
    // How far the lab's run is says nothing of what else is printed.
    expect(await page.locator('.progress').isVisible(), hash).toBe(false);
    expect(await page.getByText('or drop them here').isVisible(), hash).toBe(false);
  }

  await page.evaluate(() => void (location.hash = 'watch'));
  await page.locator('input[type=file]').setInputFiles('public/examples/trainer_state.json');
  await page.getByText('is taken for the truth').waitFor();
  expect(await page.locator('.watched .unit button:visible, .to-try summary:visible').count()).toBe(0);

  await page.evaluate(() => void (location.hash = 'guide'));
  await page.getByRole('heading', { name: 'Try this' }).waitFor();
  // All of it, over several sheets.
  const sheets = (await page.pdf()).toString('latin1').match(/\/Type \/Page\b/g) ?? [];
  expect(sheets.length).toBeGreaterThan(3);
  await page.close();
});

it.each([
  ['a small window', 1024, 640],
  ['a phone', 390, 844],
])(
  '%s prints the charts whole that were never scrolled to, or hidden behind a tab',
  async (_, width, height) => {
    // Recorded runs: there is something to print at once.
    const poor = await launch(['--disable-gpu']);
    const { page } = await newPage(poor);
    await page.setViewportSize({ width, height });
    await page.goto(lab.host.address);
    await page.locator('.lanes').getByText('collapsed at 110').waitFor({ state: 'attached' });
    await page.locator('#chart-reward .curves path').first().waitFor({ state: 'attached' });
    const charts = ['reward', 'entropy', 'eval', 'vote', 'update'];
    // A browser prints what is there when this event was heard.
    const drawn = (printed: boolean) =>
      page.evaluate(
        ([ids, tell]) => {
          if (tell) dispatchEvent(new Event('beforeprint'));
          return ids.map((id) => document.querySelectorAll(`#chart-${id} .curves path`).length);
        },
        [charts, printed] as const,
      );
    expect(await drawn(false)).toContain(0);
    for (const [at, count] of (await drawn(true)).entries()) expect(count, charts[at]).toBeGreaterThan(1);
    await poor.close();
  },
);

it('a first visitor is shown the essential knobs, and all of them when asked for, from then on', async () => {
  const page = await fourLanes(false);
  const knobs = page.locator('.control');
  expect(await knobs.count()).toBe(essentials.length);
  await page.getByRole('radio', { name: /^All/ }).check();
  expect(await knobs.count()).toBeGreaterThan(30);
  await page.reload();
  await reaches(page, 'Ready to train');
  expect(await knobs.count()).toBeGreaterThan(30);
  await page.close();
});

it('a page that scrolls in a place of its own has no other scroll bar: what is there for screen readers alone makes the document no longer', async () => {
  const { page } = await newPage(lab.browser);
  await page.setViewportSize({ width: 1280, height: 720 });
  const beyond = () =>
    page.evaluate(() => (document.scrollingElement?.scrollHeight ?? NaN) - window.innerHeight);
  for (const hash of ['', '#model', '#playground', '#watch', '#guide']) {
    await page.goto(`${lab.host.address}${hash}`);
    await page.locator('main, .stage').first().waitFor();
    if (hash === '#model') {
      await page.getByLabel('Model: a Hugging Face folder').setInputFiles('public/models/sort-48');
      await page.getByRole('button', { name: 'Train an adapter' }).click();
      await page.getByText('more knobs').click();
    }
    expect(await beyond(), hash).toBe(0);
  }
  await page.close();
});
