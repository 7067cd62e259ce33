import { expect, it } from 'vitest';
import { claims } from '../../src/experiments/claims.ts';
import { newPage, openedLab, query, tiny } from './lab.ts';

const lab = openedLab();

it('the page Paper shows every claim with its verdict and all seeds, and opens its lanes in the lab', async () => {
  const { page, complaints } = await newPage(lab.browser);
  await page.goto(`${lab.host.address}${query(tiny)}`);
  await page.getByRole('link', { name: 'Paper' }).click();
  for (const { claim, lanes } of claims) {
    const card = page.getByRole('article', { name: claim });
    await card.getByText(/^(holds|holds partly|does not hold)$/).waitFor();
    for (const task of ['Sorting', 'Adding']) {
      const part = card.getByRole('region', { name: `${task}: ${claim}` });
      expect(await part.locator('path.line').count()).toBe(5 * lanes.length);
      expect(await part.getByRole('listitem').count()).toBe(lanes.length);
    }
  }
  await page
    .getByRole('region', { name: 'Adding: M-GRPO + IQR gains from more rollouts.' })
    .getByRole('link', { name: 'Run it' })
    .click();
  // Nothing was trained that could be lost: no question is asked.
  await page.getByRole('region', { name: 'M-GRPO + IQR, G = 64' }).first().waitFor();
  const address = new URL(page.url());
  expect(address.searchParams.get('preset')).toBe('add');
  expect(complaints).toEqual([]);
  await page.context().close();
});
