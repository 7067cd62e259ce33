import { memo, useContext } from 'react';
import type { HyperparameterKey } from '../../settings/hyperparameters.ts';
import type { Hyperparameter, SettingValue } from '../../spec/hyperparameter.ts';
import { describeValue } from '../../store/describe.ts';
import { knobOf } from '../../store/lanes.ts';
import { useLab } from '../useStore.ts';
import { TextInput } from '../own/TextInput.tsx';
import { KnobsContext } from './knobs.ts';
import { NumericInput } from './NumericInput.tsx';

interface Props {
  readonly id: HyperparameterKey;
  readonly value: SettingValue;
  /** Lanes a change reaches, as a string of their numbers: equal strings need no redraw. Empty: there is but one. */
  readonly reach: string;
  /** Why the knob can have no effect, or null. */
  readonly irrelevant: string | null;
  readonly refusal: string | null;
  readonly onHelp: (key: HyperparameterKey | null, anchor: HTMLElement | null) => void;
}

/** Draws any hyperparameter from its entry. */
export const Control = memo(function Control({ id, value, reach, irrelevant, refusal, onHelp }: Props) {
  const knob = knobOf(id);
  // What can't be changed acts at no step.
  const recorded = useLab((lab) => lab.recorded);
  return (
    <div
      className="control"
      data-changed={value !== knob.default}
      data-irrelevant={irrelevant !== null}
      onPointerEnter={(event) => {
        onHelp(id, event.currentTarget);
      }}
      onPointerLeave={() => {
        onHelp(null, null);
      }}
      onFocus={(event) => {
        onHelp(id, event.currentTarget);
      }}
      onBlur={() => {
        onHelp(null, null);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape' || event.key === 'Enter') onHelp(null, null);
      }}
    >
      <span className="control-name">
        <label htmlFor={id}>{knob.label}</label>
        {recorded || reach === '' ? null : (
          <span
            className="reach"
            aria-label={`reaches ${reach.length === 1 ? 'lane' : 'lanes'} ${spoken(reach)}`}
            role="img"
          >
            {Array.from(reach).map((lane) => (
              <i key={lane} className={`lane-${lane}`} />
            ))}
          </span>
        )}
      </span>
      {recorded ? (
        <span />
      ) : (
        <span className={`applies ${knob.applies}`}>
          {/* Go on, or back to the start. */}
          <svg width="9" height="8" viewBox="0 0 9 8" aria-hidden="true">
            <path d={knob.applies === 'live' ? 'M1 0l7 4-7 4z' : 'M0 0h2v8H0zM9 0v8L3 4z'} />
          </svg>
          {knob.applies}
        </span>
      )}
      <span className="resets">
        {knob.paper === undefined || knob.paper === knob.default ? null : (
          <Reset id={id} value={value} to={knob.paper} whose="the paper’s value" className="to-paper">
            paper
          </Reset>
        )}
        <Reset id={id} value={value} to={knob.default} whose="the default">
          ↺
        </Reset>
      </span>
      <ValueInput
        id={id}
        knob={knob}
        value={value}
        disabled={irrelevant !== null}
        refused={refusal !== null}
      />
      {irrelevant === null ? null : (
        // Its inputs are disabled and take no focus: the reason does, and brings the help along.
        <p className="control-note" tabIndex={0}>
          {irrelevant}
        </p>
      )}
      {refusal === null ? null : (
        <p className="control-refusal" role="alert" ref={show}>
          {refusal}
        </p>
      )}
    </div>
  );
});

/** What appears at the edge of the rail is scrolled into sight. */
function show(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: 'nearest' });
}

interface ResetProps {
  readonly id: HyperparameterKey;
  readonly value: SettingValue;
  readonly to: SettingValue;
  readonly whose: string;
  readonly className?: string;
  readonly children: string;
}

/** Sets a knob to a value of note. */
function Reset({ id, value, to, whose, className = '', children }: ResetProps) {
  const shown = describeValue(id, to);
  const { set } = useContext(KnobsContext);
  return (
    <button
      type="button"
      className={`reset ${className}`}
      aria-label={`${knobOf(id).label}: to ${whose}, ${shown}`}
      title={`To ${whose}, ${shown}`}
      // Kept in place while it has nothing to do, so that rows never shift.
      disabled={value === to}
      onClick={() => {
        set(id, to);
      }}
    >
      {children}
    </button>
  );
}

interface ValueProps {
  readonly id: HyperparameterKey;
  readonly knob: Hyperparameter;
  readonly value: SettingValue;
  readonly disabled: boolean;
  readonly refused: boolean;
}

function ValueInput({ id, knob, value, disabled, refused }: ValueProps) {
  const { set } = useContext(KnobsContext);
  switch (knob.kind) {
    case 'real':
    case 'integer':
      return <NumericInput id={id} knob={knob} value={Number(value)} disabled={disabled} refused={refused} />;
    case 'choice':
      return (
        <select
          id={id}
          value={String(value)}
          disabled={disabled}
          aria-describedby="control-help"
          onChange={(event) => {
            set(id, event.target.value);
          }}
        >
          {Object.entries(knob.options).map(([option, label]) => (
            <option key={option} value={option}>
              {label}
            </option>
          ))}
        </select>
      );
    case 'text':
      return <TextInput id={id} knob={knob} value={String(value)} />;
    case 'toggle':
      return (
        <input
          id={id}
          type="checkbox"
          role="switch"
          checked={value === true}
          disabled={disabled}
          aria-describedby="control-help"
          onChange={(event) => {
            set(id, event.target.checked);
          }}
        />
      );
  }
}

function spoken(reach: string): string {
  return Array.from(reach)
    .map((lane) => Number(lane) + 1)
    .join(' and ');
}
