import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { type Lab, lab } from '../store/lanes.ts';
import { type View, view } from '../store/view.ts';

/** A part of the page's state. */
export function useLab<Part>(select: (state: Lab) => Part): Part {
  return useStore(lab, select);
}

/** A part of the view. */
export function useView<Part>(select: (state: View) => Part): Part {
  return useStore(view, select);
}

/** Between the redraws of two neighbouring charts. */
const slotMs = 12;
/** A chart rests this many times as long as its last redraw took: six of them then use a quarter of a core. */
const restFactor = 20;
/** However busy the machine is, charts move this often. */
const longestRestMs = 1000;

/**
 * The state of the page as one chart sees it. News reach each slot a little later than the one before,
 * so that six charts redraw in six short tasks rather than in one long one, and no oftener than the
 * machine can afford: on a software adapter every core that draws is one that doesn't train.
 */
export function usePacedLab(slot: number): Lab {
  const [seen, setSeen] = useState(() => lab.getState());
  const startedAt = useRef<number | null>(null);
  const readyAt = useRef(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unsubscribe = lab.subscribe((state, before) => {
      if (state.version === before.version) return;
      timer ??= setTimeout(
        () => {
          timer = undefined;
          startedAt.current = performance.now();
          setSeen(lab.getState());
        },
        Math.max(slot * slotMs, readyAt.current - performance.now()),
      );
    });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [slot]);
  useEffect(() => {
    const started = startedAt.current;
    if (started === null) return;
    startedAt.current = null;
    // Recharts redraws once more in effects of its own: a new task comes after them.
    setTimeout(() => {
      const now = performance.now();
      readyAt.current = now + Math.min(longestRestMs, restFactor * (now - started));
    }, 0);
  }, [seen]);
  return seen;
}
