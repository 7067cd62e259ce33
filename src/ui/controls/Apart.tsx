import { evaluateApart } from '../../store/connection.ts';
import { useLab } from '../useStore.ts';

/** Where held-out evaluation runs: a choice of the page among the knobs, as no figure of a run depends on it. */
export function Apart() {
  const apart = useLab((lab) => lab.apart);
  return (
    <div className="control">
      <span className="control-name">
        <label htmlFor="evaluate-apart">Evaluate beside training</label>
      </span>
      <input
        id="evaluate-apart"
        type="checkbox"
        role="switch"
        checked={apart}
        aria-describedby="evaluate-apart-note"
        onChange={(event) => {
          evaluateApart(event.target.checked);
        }}
      />
      <p className="control-note" id="evaluate-apart-note">
        In ONNX Runtime, on the processor, while the next steps are made. The figures are the same: this is a
        choice of the page, not of the run.
      </p>
    </div>
  );
}
