import { useEffect, useState } from 'react';
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

/**
 * The newest batch of news, handed to each slot a little later than to the one before: six charts
 * redraw in six short tasks rather than in one long one, so that a click never waits for them all.
 */
export function useStaggeredVersion(slot: number): number {
  const [version, setVersion] = useState(() => lab.getState().version);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const unsubscribe = lab.subscribe((state, before) => {
      if (state.version === before.version) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        setVersion(lab.getState().version);
      }, slot * slotMs);
    });
    return () => {
      clearTimeout(timer);
      unsubscribe();
    };
  }, [slot]);
  return version;
}
