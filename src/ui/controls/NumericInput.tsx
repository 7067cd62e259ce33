import { type KeyboardEvent, useContext, useEffect, useRef, useState } from 'react';
import type { HyperparameterKey } from '../../settings/hyperparameters.ts';
import { describeValue } from '../../store/describe.ts';
import { KnobsContext } from './knobs.ts';
import { neighbour, type NumericHyperparameter, positionOf, valueAtPosition } from './scale.ts';

interface Props {
  readonly id: HyperparameterKey;
  readonly knob: NumericHyperparameter;
  readonly value: number;
  readonly disabled: boolean;
  /** What was typed last is refused: it stays in the field, to be mended. */
  readonly refused: boolean;
}

/** A slider over more whole numbers than this can't be set to the one that is meant: the field alone is shown. */
const mostOnSlider = 1e6;
/** Positions a slider can take. */
const sliderSteps = 1000;
/** A slider moved by keys is taken at its word after this long. */
const settleMs = 350;

/**
 * A slider and a field over one number. A value counts when the slider is let go, or the field is left:
 * a drag across the scale is one change, with one mark in the charts, not fifty.
 */
export function NumericInput({ id, knob, value, disabled, refused }: Props) {
  const { set, type, dismiss } = useContext(KnobsContext);
  const [sliding, setSliding] = useState<number | null>(null);
  const [typed, setTyped] = useState<{ readonly text: string; readonly taken: boolean } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
    },
    [],
  );

  const shown = sliding ?? value;
  const settle = (): void => {
    clearTimeout(timer.current);
    if (sliding === null) return;
    setSliding(null);
    setTyped(null);
    set(id, sliding);
  };
  const nudge = (event: KeyboardEvent): void => {
    const direction = keyDirection(event.key);
    if (direction === 0) return;
    event.preventDefault();
    const next = neighbour(knob, shown, direction);
    setSliding(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setSliding(null);
      setTyped(null);
      set(id, next);
    }, settleMs);
  };
  // Refused text is shown as long as its refusal is: another value, or another lane, takes both away.
  const text = typed !== null && (refused || !typed.taken) ? typed.text : null;
  const commitTyped = (): void => {
    if (text === null) return;
    setTyped(type(id, text) ? null : { text, taken: true });
  };
  const giveUp = (): void => {
    setTyped(null);
    dismiss(id);
  };
  const slides = knob.scale !== undefined || knob.range[1] - knob.range[0] <= mostOnSlider;
  const share = positionOf(knob, shown);
  return (
    <>
      <input
        id={id}
        className="number"
        type="text"
        inputMode="decimal"
        autoComplete="off"
        spellCheck={false}
        value={text ?? describeValue(id, shown)}
        disabled={disabled}
        aria-invalid={refused}
        aria-describedby="control-help"
        onChange={(event) => {
          setTyped({ text: event.target.value, taken: false });
        }}
        onBlur={commitTyped}
        onKeyDown={(event) => {
          if (event.key === 'Enter') {
            // A question may take the focus: the key is none of its answer.
            event.preventDefault();
            commitTyped();
          } else if (event.key === 'Escape') giveUp();
        }}
      />
      {slides ? (
        <span className="track">
          {typeof knob.paper === 'number' ? (
            <span
              className="tick"
              style={{ left: offset(positionOf(knob, knob.paper)) }}
              title={`The paper: ${describeValue(id, knob.paper)}`}
            />
          ) : null}
          <input
            type="range"
            min={0}
            max={sliderSteps}
            value={Math.round(share * sliderSteps)}
            style={{ backgroundSize: `${offset(share)} 2px, 100% 2px` }}
            disabled={disabled}
            aria-label={knob.label}
            aria-valuetext={`${describeValue(id, shown)} ${knob.unit ?? ''}`}
            aria-describedby="control-help"
            onChange={(event) => {
              setSliding(valueAtPosition(knob, Number(event.target.value) / sliderSteps));
            }}
            onKeyDown={nudge}
            onPointerUp={settle}
            onBlur={settle}
          />
        </span>
      ) : null}
    </>
  );
}

/** Where the middle of a thumb, 12 px wide, lies at a share of the track. */
function offset(share: number): string {
  return `calc(6px + ${share} * (100% - 12px))`;
}

function keyDirection(key: string): 1 | -1 | 0 {
  if (key === 'ArrowRight' || key === 'ArrowUp') return 1;
  if (key === 'ArrowLeft' || key === 'ArrowDown') return -1;
  return 0;
}
