import { expect, it } from 'vitest';
import { launch, newPage, openedLab, query, reaches, tiny } from './lab.ts';

const lab = openedLab();

it('the bench measures this machine and shows what a step costs', async () => {
  const { page, complaints } = await newPage(lab.browser);
  // The address that the bench had once leads to it.
  await page.goto(`${lab.host.address}bench.html`);
  await page.getByRole('heading', { name: 'An example, measured elsewhere' }).waitFor();
  await page.getByRole('link', { name: 'Lab', exact: true }).waitFor();
  // How long either takes is said before it is begun, the longer one the longer time.
  const long = /example below took (\d+):(\d\d) minutes .* sizes (\d+):(\d\d),/;
  const words = await page.locator('.bench > header > p:not([role])').textContent();
  const [part = NaN, partSeconds = NaN, whole = NaN, wholeSeconds = NaN] =
    long
      .exec(words ?? '')
      ?.slice(1)
      .map(Number) ?? [];
  expect(60 * whole + wholeSeconds).toBeGreaterThan(60 * part + partSeconds);
  const run = page.getByRole('button', { name: 'Run', exact: true });
  const said = page.getByRole('main').getByRole('status');
  await run.focus();
  await page.keyboard.press('Enter');
  await said.getByText('of 4: Matrix products and copies …').waitFor();
  // What began it ends it, by the same key.
  await page.keyboard.press('Enter');
  await said.getByText('Cancelled').waitFor();
  expect(await run.evaluate((each) => each === document.activeElement)).toBe(true);
  await run.click();
  await said.getByText('3 of 4: Preset duel, 20 steps of each lane …').waitFor();
  const far = page.getByRole('progressbar', { name: 'Measured so far' });
  const done = async () => Number(await far.getAttribute('value'));
  const then = await done();
  expect(then).toBeGreaterThan(0);
  await expect.poll(done).toBeGreaterThan(then);
  await page.getByText(/^\d+:\d\d passed, about \d+:\d\d left$/).waitFor();
  const here = page.getByRole('region', { name: 'Measured here' });
  const step = here.getByRole('table', { name: /Preset duel/ });
  await step.waitFor();
  const cellsOf = (name: string) =>
    step
      .getByRole('row', { name: new RegExp(`^${name}`) })
      .getByRole('cell')
      .allTextContents();
  expect(await cellsOf('readbacks')).toEqual(['1', '1', '1']);
  expect(await cellsOf('allocations')).toEqual(['0', '0', '0']);
  for (const dispatches of await cellsOf('dispatches')) expect(Number(dispatches)).toBeGreaterThan(40);
  for (const share of await cellsOf('share of the best product')) expect(Number(share)).toBeGreaterThan(0);
  expect(
    await here.getByRole('table', { name: 'The adapter at its best' }).getByRole('row').count(),
  ).toBeGreaterThan(5);
  const saved = await page.getByRole('link', { name: 'Save as JSON' }).getAttribute('href');
  const result = JSON.parse(decodeURIComponent(saved?.split(',').slice(1).join(',') ?? '')) as {
    lanes: unknown[];
  };
  expect(result.lanes).toHaveLength(3);
  expect(complaints).toEqual([]);
  await page.close();
});

it('a run in the lab pauses while the bench runs, which is said before, and goes on after it', async () => {
  const { page } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}${query({ ...tiny, steps: '100000' })}`);
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Bench' }).click();
  await page.getByText('The run in the lab pauses meanwhile').waitFor();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await reaches(page, 'Paused');
  await page.getByRole('main').getByRole('button', { name: 'Cancel' }).click();
  await reaches(page, 'Training');
  // What the reader did with it meanwhile stays as it is.
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await reaches(page, 'Paused');
  await page.getByRole('button', { name: 'Reset' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Reset' }).click();
  await reaches(page, 'Ready to train');
  await page.getByRole('main').getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('main').getByText('Cancelled').waitFor();
  await reaches(page, 'Ready to train');
  await page.close();
});

it('without WebGPU the bench says what to do', async () => {
  const bare = await launch([]);
  const { page } = await newPage(bare);
  await page.goto(`${lab.host.address}#bench`);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const sentence = await page.getByRole('alert').filter({ hasText: 'WebGPU' }).textContent();
  expect(sentence).toMatch(/WebGPU.*(browser|driver)/s);
  await bare.close();
});
