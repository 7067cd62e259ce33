import { type MetricId, metrics } from '../../spec/metrics.ts';
import { Menu } from '../Menu.tsx';

interface SeriesProps {
  readonly lines: readonly { readonly id: MetricId }[];
  /** Those of them that are drawn. */
  readonly shown: readonly { readonly id: MetricId }[];
  readonly onToggle: (id: MetricId) => void;
  /** Whether the axis is logarithmic; null where it can't be. */
  readonly logarithmic: boolean | null;
  readonly onLogarithmic: (logarithmic: boolean) => void;
}

interface Props extends Partial<SeriesProps> {
  readonly title: string;
  readonly tabled: boolean;
  readonly onTable: () => void;
  /** Null where it can't be drawn. */
  readonly onPicture: ((format: 'png' | 'svg') => void) | null;
  readonly onCsv: () => void;
}

/** What can be done with a chart beside looking at it. */
export function ChartMenu({ title, tabled, onTable, onPicture, onCsv, ...series }: Props) {
  const { lines = [], shown = [], onToggle, logarithmic = null, onLogarithmic } = series;
  const entry = (label: string, act: () => void) => (
    <button type="button" className="quiet" onClick={act}>
      {label}
    </button>
  );
  return (
    <Menu className="more" summary="⋯" label={`${title}: series, axis, table, files`}>
      {lines.length < 2
        ? null
        : lines.map((line) => (
            <label
              key={line.id}
              title={`${metrics[line.id].formula}. ↑ ${metrics[line.id].rises} ↓ ${metrics[line.id].falls}`}
            >
              <input
                type="checkbox"
                checked={shown.includes(line)}
                onChange={() => {
                  onToggle?.(line.id);
                }}
              />
              {metrics[line.id].label}
            </label>
          ))}
      {logarithmic === null ? null : (
        <label>
          <input
            type="checkbox"
            checked={logarithmic}
            onChange={() => {
              onLogarithmic?.(!logarithmic);
            }}
          />
          Logarithmic axis
        </label>
      )}
      {entry(tabled ? 'Show as a chart' : 'Show as a table', onTable)}
      {onPicture === null ? null : (
        <>
          {entry('Save as PNG', () => {
            onPicture('png');
          })}
          {entry('Save as SVG', () => {
            onPicture('svg');
          })}
        </>
      )}
      {entry('Save data as CSV', onCsv)}
    </Menu>
  );
}
