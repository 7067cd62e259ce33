import { describeValue } from '../../../store/describe.ts';
import { differingKeys, knobOf, type Lane } from '../../../store/lanes.ts';
import './differences.css';

/** The settings in which lanes differ, a row each. */
export function Differences({ lanes }: { readonly lanes: readonly Lane[] }) {
  const keys = differingKeys(lanes.map(({ settings }) => settings));
  if (keys.length === 0) {
    return <p className="unit">{lanes.length < 2 ? 'One lane.' : 'The lanes have the same settings.'}</p>;
  }
  return (
    <table className="differences">
      <caption>Settings that differ</caption>
      <thead>
        <tr>
          <td />
          {lanes.map(({ id, name, slot }) => (
            <th key={id} scope="col" className={`lane-${String(slot)}`}>
              <span className="swatch" aria-hidden="true" />
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr key={key}>
            <th scope="row">{knobOf(key).label}</th>
            {lanes.map(({ id, settings }) => (
              <td key={id}>{describeValue(key, settings[key])}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
