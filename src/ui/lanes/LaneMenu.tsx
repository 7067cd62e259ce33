import { useRef, useState } from 'react';
import { useStore } from 'zustand';
import { longestName } from '../../settings/laneNames.ts';
import { adviceFor, fork, removeLane, renameLane, takeAdvice, worstAlarm } from '../../store/laneActions.ts';
import { kept } from '../../store/keptState.ts';
import { type Alarm, type Lane, stepOf } from '../../store/lanes.ts';
import { pin } from '../../store/view.ts';
import { thinningInWords } from '../keptWords.ts';
import { Menu } from '../Menu.tsx';

interface Props {
  readonly lane: Lane;
  /** No room for a further lane. */
  readonly full: boolean;
  /** The only lane. */
  readonly alone: boolean;
}

/** What can be done with a lane; with an alarm first of all what is advised. */
export function LaneMenu({ lane, full, alone }: Props) {
  const [renaming, setRenaming] = useState(false);
  const alarm = worstAlarm(lane);
  const thinning = useStore(kept, (state) => state.thinning.get(lane.id));
  const thins = thinning === undefined ? '' : thinningInWords(thinning);
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
          {alarm === undefined ? <span aria-hidden="true">⋯</span> : <AlarmSign alarm={alarm} what="help" />}
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
      {thins === '' ? null : <p className="menu-note">{thins}</p>}
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

/** Where a recorded lane, with which nothing can be done, was first in danger. */
export function AlarmButton({ lane }: { readonly lane: Lane }) {
  const alarm = worstAlarm(lane);
  if (alarm === undefined) return null;
  return (
    <button
      type="button"
      className="quiet lane-alarm"
      title={`Show step ${alarm.step}: ${alarm.reason}`}
      onClick={() => {
        pin(alarm.step);
      }}
    >
      <AlarmSign alarm={alarm} what="" />
    </button>
  );
}

function AlarmSign({ alarm: { step, state }, what }: { readonly alarm: Alarm; readonly what: string }) {
  return (
    <span className="alarm" data-alarm={state}>
      ▲<span className="alarm-words">{` ${String(step)} ${what}`}</span>
    </span>
  );
}
