import { useEffect, useLayoutEffect, useState } from 'react';
import { endTour, goToStop } from '../../store/view.ts';
import { useLab } from '../useStore.ts';
import { type Stop, stops } from './stops.ts';

/** The card at one stop, and a ring around what it speaks of; nothing after the last. */
export function AtStop({ number }: { readonly number: number }) {
  const stop = stops[number];
  return stop === undefined ? null : <Card stop={stop} number={number} />;
}

function Card({ stop, number }: { readonly stop: Stop; readonly number: number }) {
  const box = useBox(stop.at);
  const lanes = useLab((lab) => lab.lanes);
  const { title, words } = stop.say(lanes);
  const last = number === stops.length - 1;
  return (
    <>
      {box === null ? null : <div className="tour-ring" style={box} aria-hidden="true" />}
      <div
        className="tour card"
        role="dialog"
        aria-label={`Tour, ${number + 1} of ${stops.length}: ${title}`}
        aria-describedby="tour-words"
        style={box === null ? {} : beside(box)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') endTour();
          else if (event.key === 'ArrowRight' && !last) goToStop(number + 1);
          else if (event.key === 'ArrowLeft' && number > 0) goToStop(number - 1);
        }}
      >
        <h2>{title}</h2>
        <p id="tour-words">{words}</p>
        <p className="buttons">
          <span className="unit">
            {number + 1} of {stops.length}
          </span>
          {last ? null : (
            <button type="button" className="quiet" onClick={endTour}>
              Skip
            </button>
          )}
          <button
            type="button"
            disabled={number === 0}
            onClick={() => {
              goToStop(number - 1);
            }}
          >
            Back
          </button>
          {/* The reader asked for the next stop: its way on takes the focus, and a screen reader reads the card. */}
          <button
            type="button"
            className="go"
            autoFocus
            onClick={() => {
              if (last) endTour();
              else goToStop(number + 1);
            }}
          >
            {last ? 'Done' : 'Next'}
          </button>
        </p>
      </div>
    </>
  );
}

interface Box {
  readonly top: number;
  readonly left: number;
  readonly width: number;
  readonly height: number;
}

/** Where an element lies on the screen, followed as it moves; scrolled to first. Null: it is not there. */
function useBox(selector: string): Box | null {
  const [box, setBox] = useState<Box | null>(null);
  useLayoutEffect(() => {
    document.querySelector(selector)?.scrollIntoView({ block: 'start' });
  }, [selector]);
  useEffect(() => {
    const element = document.querySelector(selector);
    if (element === null) return;
    const measure = (): void => {
      const { top, left, width, height } = element.getBoundingClientRect();
      setBox({ top, left, width, height });
    };
    measure();
    const sizes = new ResizeObserver(measure);
    sizes.observe(element);
    sizes.observe(document.body);
    addEventListener('scroll', measure, { capture: true, passive: true });
    addEventListener('resize', measure);
    return () => {
      sizes.disconnect();
      removeEventListener('scroll', measure, { capture: true });
      removeEventListener('resize', measure);
    };
  }, [selector]);
  return box;
}

/** Of the card, in pixels; its height is the longest text's. */
const [cardWidth, cardHeight, gap] = [320, 220, 10];

/** The card below, above or to the right of a box, whichever has room first; else in the window's corner. */
function beside({ top, left, width, height }: Box): { top: number; left: number } {
  const within = (at: number, size: number, whole: number): number =>
    Math.max(gap, Math.min(at, whole - size - gap));
  const [wide, high] = [window.innerWidth, window.innerHeight];
  const x = within(left, cardWidth, wide);
  if (top + height + gap + cardHeight <= high) return { top: top + height + gap, left: x };
  if (top - gap - cardHeight >= 0) return { top: top - gap - cardHeight, left: x };
  if (left + width + gap + cardWidth <= wide) {
    return { top: within(top, cardHeight, high), left: left + width + gap };
  }
  return { top: high - cardHeight - gap, left: wide - cardWidth - gap };
}
