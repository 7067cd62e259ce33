import { useEffect, useMemo, useRef, useState } from 'react';
import { canStart, stepOf } from '../../store/lanes.ts';
import { pin } from '../../store/view.ts';
import { useLab, usePacedLab, useView } from '../useStore.ts';
import { useOnScreen } from '../charts/useOnScreen.ts';
import { toldOf } from './told.ts';

/** As many as adapt.css prints. */
const mostPrinted = 40;
/** Laid out until all are asked for: a run that goes to and fro has thousands, which cost a tenth of a second a frame. */
const mostShown = 100;

/** The run in sentences, one at each turn; a click sets charts, timeline and rollouts to its step. */
export function Turns() {
  const card = useRef<HTMLElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const { lanes, marks, version } = usePacedLab(useOnScreen(card));
  const truthHidden = useView((state) => state.truthHidden);
  const pinned = useView((state) => state.pinned);
  const turns = useMemo(
    () => toldOf(lanes, marks, truthHidden),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the histories grow in place: `version` stands for them
    [lanes, marks, truthHidden, version],
  );
  const count = turns.length;
  const [all, setAll] = useState(false);
  const shown = all ? turns : turns.slice(-mostShown);
  const earlier = count - shown.length;
  useEffect(() => {
    list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [count]);
  const started = lanes.some((lane) => stepOf(lane) > 0);
  const startable = useLab(canStart);
  return (
    <section className="turns card" ref={card} aria-labelledby="turns-title">
      <h2 id="turns-title">The story so far</h2>
      {count === 0 ? (
        <p className="unit">
          {started ? 'No turn yet. ' : startable ? 'Press Train. ' : ''}
          What happens to the runs is said here, with its step.
        </p>
      ) : (
        <>
          {count > mostPrinted ? (
            <p className="unit printed">{`The newest ${mostPrinted} of ${count} turns.`}</p>
          ) : null}
          {earlier === 0 ? null : (
            <button
              type="button"
              className="quiet"
              onClick={() => {
                setAll(true);
                // The list is where the reader was; the button goes.
                list.current?.focus();
              }}
            >
              {`${String(earlier)} earlier ${earlier === 1 ? 'turn' : 'turns'}`}
            </button>
          )}
          <ol ref={list} tabIndex={-1}>
            {shown.map(({ key, step, slots, sentence }) => (
              <li key={key}>
                <button
                  type="button"
                  aria-pressed={pinned === step}
                  onClick={() => {
                    pin(step);
                  }}
                >
                  <span className="turn-step">
                    {step}
                    {slots.map((slot) => (
                      <i key={slot} className={`swatch lane-${String(slot)}`} aria-hidden="true" />
                    ))}
                  </span>
                  <span>{sentence}</span>
                </button>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}
