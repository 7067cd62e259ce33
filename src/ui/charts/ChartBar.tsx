import { hideTruth, setSmoothing, setZoom, smoothings } from '../../store/view.ts';
import { useView } from '../useStore.ts';

/** What all charts share: how smooth their curves are, which steps they show, and whether truth is among it. */
export function ChartBar() {
  const smoothing = useView((state) => state.smoothing);
  const zoom = useView((state) => state.zoom);
  const truthHidden = useView((state) => state.truthHidden);
  const page = useView((state) => state.page);
  const pinned = useView((state) => state.pinned);
  return (
    <div className="chart-bar">
      <label className="check">
        smoothing
        <select
          value={smoothing}
          title="The weight of a step falls to 1/e in so many steps; what was measured is drawn faintly behind"
          onChange={(event) => {
            setSmoothing(Number(event.target.value));
          }}
        >
          {smoothings.map((steps) => (
            <option key={steps} value={steps}>
              {steps === 0 ? 'off' : `${String(steps)} steps`}
            </option>
          ))}
        </select>
      </label>
      <span className="unit">
        {zoom === null ? 'drag over a chart to zoom' : `steps ${zoom.from} to ${zoom.to}`}
      </span>
      <button
        type="button"
        className="quiet"
        disabled={zoom === null}
        onClick={() => {
          setZoom(null);
        }}
      >
        all steps
      </button>
      {page === 'lab' ? (
        <a
          className="present-link"
          href={`#lab/present${pinned === null ? '' : `/step=${String(pinned)}`}`}
          title="For a room: big type, turn by turn, truth hidden until a key is pressed"
        >
          Present
        </a>
      ) : null}
      <label
        className="check truth"
        title="See what a learner without labels sees: charts, cards and rollouts"
      >
        <input
          type="checkbox"
          checked={truthHidden}
          onChange={(event) => {
            hideTruth(event.target.checked);
          }}
        />
        hide truth
      </label>
    </div>
  );
}
