import { memo } from 'react';
import { mostLanes } from '../../settings/url.ts';
import { cloneLane, removeLane, selectLane } from '../../store/actions.ts';
import type { Lane } from '../../store/lanes.ts';
import { formatPercent, formatShare } from '../format.ts';
import { useLab } from '../useStore.ts';

/** The runs side by side: name, how each fares and why; the selected one is shown in controls and table. */
export function LaneCards() {
  const lanes = useLab((state) => state.lanes);
  const selected = useLab((state) => state.selected);
  return (
    <section className="lanes" aria-label="Lanes">
      <div className="lane-list" role="radiogroup" aria-label="Lane shown in controls and rollouts">
        {lanes.map((lane, index) => (
          <LaneCard key={index} lane={lane} index={index} selected={index === selected} />
        ))}
      </div>
      <div className="lane-tools">
        <button type="button" className="quiet" disabled={lanes.length >= mostLanes} onClick={cloneLane}>
          + Copy lane
        </button>
        <button type="button" className="quiet" disabled={lanes.length < 2} onClick={removeLane}>
          − Remove lane
        </button>
      </div>
    </section>
  );
}

interface CardProps {
  readonly lane: Lane;
  readonly index: number;
  readonly selected: boolean;
}

const LaneCard = memo(function LaneCard({ lane, index, selected }: CardProps) {
  const { status } = lane;
  const word = status.collapseStep === null ? status.state : `collapsed at ${status.collapseStep}`;
  return (
    <label className={`lane card lane-${index}`} data-state={status.state}>
      <input
        type="radio"
        name="lane"
        className="visually-hidden"
        checked={selected}
        onChange={() => {
          selectLane(index);
        }}
      />
      <span className="lane-head">
        <strong title={lane.name}>{lane.name}</strong>
        <span className="lane-state">{word}</span>
      </span>
      <span className="lane-reason">{status.reason}</span>
      <span className="lane-figures">
        <Figure label="best" value={formatShare(status.best)} />
        <Figure label="now" value={formatShare(status.now)} />
        <Figure label="retention" value={formatPercent(status.retention)} />
      </span>
    </label>
  );
});

function Figure({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <span>
      <span className="figure-label">{label} </span>
      <b>{value}</b>
    </span>
  );
}
