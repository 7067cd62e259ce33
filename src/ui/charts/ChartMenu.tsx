import { Menu } from '../Menu.tsx';

interface Props {
  readonly title: string;
  readonly tabled: boolean;
  readonly onTable: () => void;
  readonly onPng: (() => void) | null;
  readonly onCsv: () => void;
}

/** What can be done with a chart beside looking at it. */
export function ChartMenu({ title, tabled, onTable, onPng, onCsv }: Props) {
  const entry = (label: string, act: () => void) => (
    <button type="button" className="quiet" onClick={act}>
      {label}
    </button>
  );
  return (
    <Menu className="more" summary="⋯" label={`${title}: table, picture, data`}>
      {entry(tabled ? 'Show as a chart' : 'Show as a table', onTable)}
      {onPng === null ? null : entry('Save as PNG', onPng)}
      {entry('Save data as CSV', onCsv)}
    </Menu>
  );
}
