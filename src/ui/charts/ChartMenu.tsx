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
    <button
      type="button"
      className="quiet"
      onClick={(event) => {
        event.currentTarget.closest('details')?.removeAttribute('open');
        act();
      }}
    >
      {label}
    </button>
  );
  return (
    <details
      className="menu more"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.currentTarget.removeAttribute('open');
        event.currentTarget.querySelector('summary')?.focus();
      }}
    >
      <summary aria-label={`${title}: table, picture, data`}>⋯</summary>
      <div className="menu-body">
        {entry(tabled ? 'Show as a chart' : 'Show as a table', onTable)}
        {onPng === null ? null : entry('Save as PNG', onPng)}
        {entry('Save data as CSV', onCsv)}
      </div>
    </details>
  );
}
