import { memo, useContext } from 'react';
import { useStore } from 'zustand';
import { mostLanes } from '../../settings/url.ts';
import { selectLane } from '../../store/actions.ts';
import { addLane } from '../../store/laneActions.ts';
import { kept } from '../../store/keptState.ts';
import { canStart, type Lane } from '../../store/lanes.ts';
import { formatPercent, formatShare } from '../format.ts';
import { stateInWords, waiting, withoutTruth } from '../../store/status.ts';
import { thinningInWords } from '../keptWords.ts';
import { LaneName } from '../LaneName.tsx';
import { AlarmButton, LaneMenu } from './LaneMenu.tsx';
import { LabContext, useLab, useView } from '../useStore.ts';

/** The runs side by side: name, how each fares and why; the selected one is shown in controls and table. */
export function LaneCards() {
  const lanes = useLab((state) => state.lanes);
  const selected = useLab((state) => state.selected);
  const recorded = useLab((state) => state.recorded);
  const full = lanes.length >= mostLanes;
  return (
    <section className="lanes" aria-label="Lanes">
      <div className="lane-list" role="radiogroup" aria-label="Lane shown in controls and rollouts">
        {lanes.map((lane, index) => (
          <LaneCard
            key={lane.id}
            lane={lane}
            index={index}
            selected={index === selected}
            full={full}
            alone={lanes.length < 2}
          />
        ))}
      </div>
      {recorded ? (
        <p className="recorded-lanes">
          <b className="badge">recorded</b>
        </p>
      ) : (
        <button
          type="button"
          className="quiet add-lane"
          disabled={full || lanes.length === 0}
          title={full ? 'There is room for four lanes' : 'A lane like the selected one, from step 0'}
          onClick={addLane}
        >
          + Add lane
        </button>
      )}
    </section>
  );
}

interface CardProps {
  readonly lane: Lane;
  readonly index: number;
  readonly selected: boolean;
  /** No room for a further lane. */
  readonly full: boolean;
  /** The only lane. */
  readonly alone: boolean;
}

/** Letters of a state that stands beside the lane's name; a longer one stands below it. */
const longestBeside = 20;

const LaneCard = memo(function LaneCard({ lane, index, selected, full, alone }: CardProps) {
  const shown = useContext(LabContext);
  const { standing } = lane;
  const truthHidden = useView((state) => state.truthHidden);
  const status = truthHidden ? withoutTruth(lane.status) : lane.status;
  const refused = typeof standing === 'object';
  const stopped = useLab((lab) => lab.state === 'non-finite' && lab.failed === lane.id);
  const startable = useLab(canStart);
  const thinning = useStore(kept, (state) => state.thinning.get(lane.id));
  const thins = thinning === undefined ? '' : thinningInWords(thinning);
  const said = thins === '' ? status.reason : `${status.reason} ${thins}`;
  const reason = refused
    ? standing.sentence
    : stopped
      ? 'Its next step gave a value that is not finite.'
      : status.reason === waiting.reason && !startable
        ? ''
        : said;
  const word = refused ? 'not started' : stopped ? 'stopped' : stateInWords(status);
  const [state, when = ''] = word.split(/(?= from \d+$)/);
  return (
    <div
      className={`lane card lane-${lane.slot}`}
      data-state={refused || stopped ? 'warning' : status.state}
      data-long={word.length > longestBeside}
    >
      <label>
        <input
          type="radio"
          name="lane"
          className="visually-hidden"
          checked={selected}
          onChange={() => {
            selectLane(index, shown);
          }}
        />
        <span className="lane-head">
          <LaneName name={lane.name} />
          <span className="lane-state" title={word}>
            {state}
            {/* Where there is no room, the story says when. */}
            <span className="lane-when">{when}</span>
          </span>
        </span>
        <span className="lane-reason" title={reason}>
          {reason}
        </span>
      </label>
      <span className="lane-figures">
        <Figure label="best" value={formatShare(status.best)} />
        <Figure label="now" value={formatShare(status.now)} />
        <span className="retention">
          <Figure label="kept" value={formatPercent(status.retention)} />
        </span>
      </span>
      {shown.getState().recorded ? (
        <AlarmButton lane={lane} />
      ) : (
        <LaneMenu lane={lane} full={full} alone={alone} />
      )}
    </div>
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
