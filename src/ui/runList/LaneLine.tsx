import { useStore } from 'zustand';
import { mostLanes } from '../../settings/url.ts';
import type { KeptLab, KeptLane, ListedRun } from '../../storage/kept.ts';
import { choose, compared } from '../../store/compared.ts';
import { forkKept } from '../../store/keptList.ts';
import { counted, formatBytes } from '../format.ts';
import { sizeInWords, thinningInWords } from '../keptWords.ts';
import { useView } from '../useStore.ts';
import { goToLab } from './goToLab.ts';
import { Sparkline } from './Sparkline.tsx';

interface Props {
  readonly lab: KeptLab;
  readonly lane: KeptLane;
  readonly run: ListedRun | undefined;
  /** What its lab is called. */
  readonly named: string;
  /** Whether it can be opened and forked. */
  readonly forks: boolean;
}

/** One run in the list: how it fares, whether it is to be compared, and where it can be forked. */
export function LaneLine({ lab, lane, run, named, forks }: Props) {
  const { name, slot } = lane;
  const chosen = useStore(compared, (state) => state.chosen);
  const isChosen = chosen.includes(lane.run);
  const truthHidden = useView((state) => state.truthHidden);
  const { thinning = null } = run ?? {};
  const thins = thinning === null ? '' : thinningInWords(thinning);
  return (
    <li className={`lane-${slot}`}>
      <label className="check">
        <input
          type="checkbox"
          checked={isChosen}
          disabled={run === undefined || (!isChosen && chosen.length >= mostLanes)}
          aria-label={`Compare ${name} of ${named}`}
          onChange={() => {
            choose(lane.run);
          }}
        />
        <span className="swatch" aria-hidden="true" />
        {name}
      </label>
      <span title={run === undefined ? undefined : sizeInWords(run.size)}>
        {run === undefined ? (
          'not begun'
        ) : (
          <>
            {counted(run.step, 'step')} <span className="unit">{formatBytes(run.size.bytes)}</span>
          </>
        )}
      </span>
      {/* Both are of the held-out accuracy. */}
      <span>{run === undefined ? '' : truthHidden ? 'truth hidden' : run.verdict}</span>
      {run === undefined || truthHidden ? <span /> : <Sparkline values={run.spark} />}
      {forks && run !== undefined && run.size.checkpoints.length > 0 && lab.lanes.length < mostLanes ? (
        <select
          aria-label={`Fork ${name} of ${named} from a checkpoint`}
          value=""
          onChange={({ target }) => {
            forkKept(lab, `A fork of ${named}`, { run: lane.run, step: Number(target.value) }, goToLab);
          }}
        >
          <option value="" disabled>
            Fork from …
          </option>
          {run.size.checkpoints.map((step) => (
            <option key={step} value={step}>
              step {step}
            </option>
          ))}
        </select>
      ) : null}
      {thins === '' ? null : <p className="unit">{thins}</p>}
    </li>
  );
}
