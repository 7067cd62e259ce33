import { hideTruth, setSmoothing, setZoom } from '../../store/view.ts';
import { useView } from '../useStore.ts';

/** What all charts share: how smooth their curves are, which steps they show, and whether truth is among it. */
export function ChartBar() {
  const smoothing = useView((state) => state.smoothing);
  const zoom = useView((state) => state.zoom);
  const truthHidden = useView((state) => state.truthHidden);
  return (
    <div className="chart-bar">
      <label className="check">
        smoothing
        <input
          type="range"
          min={0}
          max={0.99}
          step={0.01}
          value={smoothing}
          aria-valuetext={smoothing === 0 ? 'off' : smoothing.toFixed(2)}
          onChange={(event) => {
            setSmoothing(Number(event.target.value));
          }}
        />
        <output>{smoothing === 0 ? 'off' : smoothing.toFixed(2)}</output>
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
