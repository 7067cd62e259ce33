import type { Locator, Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { type LaneSetup, type PresetName, presets } from '../../src/settings/presets.ts';
import { linkQuery } from '../../src/settings/url.ts';
import { cards } from '../../src/ui/guide/runs.ts';
import { eventually, newPage, query, reaches, openedLab, stepsMade, tiny } from './lab.ts';

const lab = openedLab();

async function guidePage(section = ''): Promise<{ page: Page; complaints: string[] }> {
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}${query(tiny)}#guide${section}`);
  await page.getByRole('heading', { name: 'Try this' }).waitFor();
  return { page, complaints };
}

/** What a figure says of itself, below what can be changed. */
const sentence = (section: Locator): Promise<string> => section.locator('output').last().innerText();
const number = (text: string, before: string): number =>
  Number(text.split(before)[1]?.match(/^[\d.]*\d/)?.[0]);

it('the figures are played with by keyboard, and nothing is trained by it', async () => {
  const { page, complaints } = await guidePage();
  await reaches(page, 'Ready to train');

  const vote = page.getByRole('region', { name: 'Policy, anchor, group and vote' });
  const first = await sentence(vote);
  expect(first).toContain('Pseudo-label 17899 with 7 of 12 votes.');
  for (const [rollout, key] of [
    [1, 'Enter'],
    [3, 'Space'],
    [5, 'Enter'],
  ] as const) {
    await vote.getByRole('button', { name: `policy rollout ${rollout} answers 17899` }).press(key);
    await vote.getByRole('button', { name: `policy rollout ${rollout} answers 16789` }).waitFor();
  }
  // Policy and anchor have drifted apart: the label turns, and the overlap falls.
  await expect.poll(() => sentence(vote)).toContain('Pseudo-label 16789 with 6 of 12 votes.');
  const drifted = await sentence(vote);
  expect(number(drifted, 'Answer overlap ')).toBeLessThan(number(first, 'Answer overlap '));

  const advantage = page.getByRole('region', { name: 'Reward and advantage' });
  expect(await sentence(advantage)).toMatch(/^Advantages 0\.\d\d /);
  for (const rollout of [2, 4, 7]) {
    const reward = advantage.getByRole('button', { name: `reward of rollout ${rollout}: 0` });
    await reward.press('Space');
  }
  await expect.poll(() => sentence(advantage)).toContain('no advantage, no gradient');

  // A slider's own value, and the figure's sentence.
  for (const [title, label, key, change] of [
    ['Entropy', 'Temperature T', 'ArrowRight', /^Entropy \d\.\d\d nats, of at most 1\.61$/],
    ['The IQR filter', 'IQR factor k', 'ArrowLeft', /^Threshold 0\.\d+ nats: \d of 10 dropped$/],
    [
      'The momentum anchor',
      'Momentum m',
      'ArrowRight',
      /^The anchor has gone half of the way after \d+ steps$/,
    ],
    ['Self-deception and collapse', 'Until step', 'Home', /now .*: not collapsed so far\./],
  ] as const) {
    const figure = page.getByRole('region', { name: title, exact: true });
    const slider = figure.getByRole('slider', { name: label });
    const before = await Promise.all([slider.getAttribute('aria-valuetext'), sentence(figure)]);
    await slider.press(key);
    await eventually(async () => {
      const after = await Promise.all([slider.getAttribute('aria-valuetext'), sentence(figure)]);
      expect(after[1]).toMatch(change);
      before.forEach((text, at) => {
        expect(after[at], label).not.toBe(text);
      });
      expect(await figure.locator('output').first().innerText()).toBe(after[0]);
    });
  }
  await page.getByRole('link', { name: 'Lab', exact: true }).click();
  expect(await stepsMade(page)).toBe(0);
  await reaches(page, 'Ready to train');
  expect(complaints).toEqual([]);
  await page.close();
});

it('each of its links leads to a section, from within and from an address', async () => {
  const { page, complaints } = await guidePage();
  const links = page.getByRole('navigation', { name: 'In this guide' }).getByRole('link');
  expect(await links.count()).toBeGreaterThan(5);
  for (const link of await links.all()) {
    await link.press('Enter');
    const title = await link.innerText();
    const section = page.getByRole('region', { name: title });
    await expect
      .poll(() => section.evaluate((each) => each === document.activeElement), { message: title })
      .toBe(true);
    await expect.poll(() => inSight(section.getByRole('heading').first()), { message: title }).toBe(true);
    expect(new URL(page.url()).hash).toBe(await link.getAttribute('href'));
  }
  const last = new URL(page.url()).hash.replace('#guide', '');
  await page.close();

  const { page: other } = await guidePage(last);
  await expect.poll(() => inSight(other.getByRole('heading', { name: 'Try this' }))).toBe(true);
  expect(complaints).toEqual([]);
  await other.close();
});

function inSight(element: Locator): Promise<boolean> {
  return element.evaluate((each) => {
    const { top, bottom } = each.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });
}

/** The preset that a link opens is chosen in the lab, with the lanes it names ready to be trained. */
async function opens(
  page: Page,
  link: Locator,
  name: PresetName,
  wanted: readonly LaneSetup[],
): Promise<void> {
  await link.press('Enter');
  await page.getByRole('combobox', { name: 'Preset' }).waitFor();
  await expect.poll(() => page.getByRole('combobox', { name: 'Preset' }).inputValue()).toBe(name);
  await reaches(page, 'Ready to train');
  const lanes = page.getByRole('region', { name: 'Lanes' });
  await expect.poll(() => lanes.locator('strong').allTextContents()).toEqual(wanted.map((lane) => lane.name));
}

it('a card’s link opens its lanes ready to be trained, as the guard’s does', async () => {
  const { page, complaints } = await guidePage();
  for (const { name, question, experiment } of cards) {
    const link = page.getByRole('article', { name: question }).getByRole('link', { name: 'Open in the lab' });
    const query = linkQuery({ preset: name, lanes: experiment.lanes });
    expect(await link.getAttribute('href'), name).toBe(`?${query}`);
  }
  const [first] = cards;
  if (first === undefined) throw new Error('no card');
  const article = page.getByRole('article', { name: first.question });
  await opens(page, article.getByRole('link'), first.name, first.experiment.lanes);
  await page.getByRole('link', { name: 'Guide' }).click();
  const guard = page.getByRole('region', { name: 'The guard' });
  await opens(page, guard.getByRole('link', { name: 'Open the preset Cure' }), 'cure', presets.cure.lanes);
  expect(complaints).toEqual([]);
  await page.close();
});

it('every curve has axes with numbers, which lie within its picture and not over one another', async () => {
  const { page, complaints } = await guidePage();
  const pictures = page.locator('svg:has(.axes)');
  // A card each, and the figure of a collapse.
  expect(await pictures.count()).toBe(cards.length + 1);
  const axes = await pictures.evaluateAll((all) =>
    all.map((picture) => {
      const labels = [...picture.querySelectorAll('.axes text')];
      const boxes = labels.map((label) => label.getBoundingClientRect());
      const { left, right, top, bottom } = picture.getBoundingClientRect();
      return {
        words: labels.map((label) => label.textContent),
        sizes: boxes.map(({ height }) => height),
        outside: boxes.filter(
          (box) => box.left < left || box.right > right || box.top < top || box.bottom > bottom,
        ).length,
        met: boxes.filter((box, at) =>
          boxes
            .slice(at + 1)
            .some(
              (other) =>
                box.left < other.right &&
                other.left < box.right &&
                box.top < other.bottom &&
                other.top < box.bottom,
            ),
        ).length,
      };
    }),
  );
  const lasts = cards.map(({ runs }) => Math.max(...runs.map(({ summary }) => summary?.steps ?? 0)));
  for (const { words, sizes, outside, met } of axes) {
    const where = words.join(' ');
    expect(words.slice(0, 4), where).toEqual(['0', '0.5', '1', '0']);
    expect(words.at(-1), where).toBe('sampled accuracy');
    const last = /^step ([\d,]+)$/.exec(words.at(-2) ?? '')?.[1]?.replaceAll(',', '');
    expect(Number(last), where).toBeGreaterThan(0);
    expect([outside, met], where).toEqual([0, 0]);
    expect(Math.min(...sizes), where).toBeGreaterThan(10);
  }
  const said = axes.map(({ words }) => Number(/[\d,]+/.exec(words.at(-2) ?? '')?.[0].replaceAll(',', '')));
  for (const last of lasts) expect(said).toContain(last);
  expect(complaints).toEqual([]);
  await page.close();
});
