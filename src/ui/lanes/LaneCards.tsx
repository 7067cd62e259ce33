import { memo, useRef, useState } from 'react';
import { longestName } from '../../settings/laneNames.ts';
import { mostLanes } from '../../settings/url.ts';
import { selectLane } from '../../store/actions.ts';
import {
  addLane,
  adviceFor,
  fork,
  removeLane,
  renameLane,
  takeAdvice,
  worstAlarm,
} from '../../store/laneActions.ts';
import { type Lane, stepOf } from '../../store/lanes.ts';
import { pin } from '../../store/view.ts';
import { formatPercent, formatShare } from '../format.ts';
import { stateInWords, withoutTruth } from '../../store/status.ts';
import { Menu } from '../Menu.tsx';
import { useLab, useView } from '../useStore.ts';

/** The runs side by side: name, how each fares and why; the selected one is shown in controls and table. */
export function LaneCards() {
  const lanes = useLab((state) => state.lanes);
  const selected = useLab((state) => state.selected);
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
      <button
        type="button"
        className="quiet add-lane"
        disabled={full || lanes.length === 0}
        title={full ? 'There is room for four lanes' : 'A lane like the selected one, from step 0'}
        onClick={addLane}
      >
        + Add lane
      </button>
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

const LaneCard = memo(function LaneCard({ lane, index, selected, full, alone }: CardProps) {
  const { standing } = lane;
  const truthHidden = useView((state) => state.truthHidden);
  const status = truthHidden ? withoutTruth(lane.status) : lane.status;
  const refused = typeof standing === 'object';
  const word = refused ? 'not started' : stateInWords(status);
  return (
    <div className={`lane card lane-${lane.slot}`} data-state={refused ? 'warning' : status.state}>
      <label>
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
        <span className="lane-reason">{refused ? standing.sentence : status.reason}</span>
      </label>
      <span className="lane-figures">
        <Figure label="best" value={formatShare(status.best)} />
        <Figure label="now" value={formatShare(status.now)} />
        <span className="retention">
          <Figure label="kept" value={formatPercent(status.retention)} />
        </span>
      </span>
      <LaneMenu lane={lane} full={full} alone={alone} />
    </div>
  );
});

/** What can be done with a lane; with an alarm first of all what is advised. */
function LaneMenu({ lane, full, alone }: Pick<CardProps, 'lane' | 'full' | 'alone'>) {
  const [renaming, setRenaming] = useState(false);
  const alarm = worstAlarm(lane);
  return (
    <Menu
      className="lane-menu"
      title={
        alarm === undefined
          ? 'Rename, clone, remove'
          : `Step ${alarm.step}: ${alarm.reason} What helps, and more.`
      }
      summary={
        <>
          {alarm === undefined ? (
            <span aria-hidden="true">⋯</span>
          ) : (
            <span className="alarm" data-alarm={alarm.state}>
              ▲ {alarm.step} help
            </span>
          )}
          <span className="visually-hidden">{` What to do with ${lane.name}`}</span>
        </>
      }
    >
      {alarm === undefined ? null : (
        <button
          type="button"
          onClick={() => {
            pin(alarm.step);
          }}
        >
          {`Show step ${alarm.step}, where it turned ${alarm.state === 'warning' ? 'red' : 'amber'}`}
        </button>
      )}
      {renaming ? (
        <NewName
          lane={lane}
          onDone={() => {
            setRenaming(false);
          }}
        />
      ) : (
        <button
          type="button"
          data-stays
          onClick={() => {
            setRenaming(true);
          }}
        >
          Rename
        </button>
      )}
      <button
        type="button"
        disabled={full}
        title="A lane with the same past, from its newest checkpoint on"
        onClick={() => {
          fork(lane.id, stepOf(lane));
        }}
      >
        Clone
      </button>
      <button
        type="button"
        disabled={alone}
        onClick={() => {
          removeLane(lane.id);
        }}
      >
        Remove
      </button>
      {alarm !== undefined ? (
        <>
          <p className="menu-note">
            {full
              ? 'Four lanes are there: remove one to try a cure beside them.'
              : 'Pause, go back 20 steps before the alarm, and in a new lane:'}
          </p>
          {adviceFor(lane).map((advice) => (
            <button
              key={advice.label}
              type="button"
              disabled={full}
              onClick={() => {
                takeAdvice(lane.id, advice);
              }}
            >
              {advice.label}
            </button>
          ))}
        </>
      ) : null}
    </Menu>
  );
}

/** Where a lane is given another name. Enter and leaving it take what is written, Escape takes nothing. */
function NewName({ lane, onDone }: { readonly lane: Lane; readonly onDone: () => void }) {
  // The field goes with the key, and a field that goes loses the focus: that is no wish to keep what is in it.
  const given = useRef(false);
  const finish = (name: string | null): void => {
    if (given.current) return;
    given.current = true;
    if (name !== null) renameLane(lane.id, name);
    onDone();
  };
  return (
    <input
      type="text"
      aria-label="New name"
      defaultValue={lane.name}
      autoFocus
      maxLength={longestName}
      onKeyDown={(event) => {
        if (event.key === 'Enter') finish(event.currentTarget.value);
        if (event.key === 'Escape') finish(null);
      }}
      onBlur={(event) => {
        finish(event.currentTarget.value);
      }}
    />
  );
}

function Figure({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <span>
      <span className="figure-label">{label} </span>
      <b>{value}</b>
    </span>
  );
}
