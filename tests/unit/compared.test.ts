import { expect, it } from 'vitest';
import { defaultSettings } from '../../src/settings/settings.ts';
import type { ListedLab } from '../../src/storage/kept.ts';
import { choose, compared } from '../../src/store/compared.ts';
import { keptList } from '../../src/store/keptList.ts';

const listed = (...runs: string[]): ListedLab => ({
  lab: {
    ...{ id: runs.join(), preset: 'entropy', updated: 1, selected: 0, marks: [] },
    lanes: runs.map((run, slot) => ({ run, slot, name: run, settings: defaultSettings, origin: null })),
  },
  label: { name: '', notes: '' },
  runs: [],
});

it('what was deleted is chosen no more, and leaves its place among four to another', () => {
  keptList.setState({ labs: [listed('a', 'b'), listed('c', 'd')] });
  for (const run of ['a', 'b', 'c', 'd', 'e']) choose(run);
  expect(compared.getState().chosen).toEqual(['a', 'b', 'c', 'd']);
  // While it is read anew nothing is known of it.
  keptList.setState({ labs: 'reading' });
  expect(compared.getState().chosen).toHaveLength(4);
  keptList.setState({ labs: [listed('c', 'd')] });
  choose('e');
  expect(compared.getState().chosen).toEqual(['c', 'd', 'e']);
});
