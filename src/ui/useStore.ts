import { createContext, useContext, useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { type StoreApi, useStore } from 'zustand';
import { type LabState, lab } from '../store/lanes.ts';
import { recordedLab } from '../store/recorded.ts';
import { showAllSteps, type View, view } from '../store/view.ts';
import { inTurn } from './inTurn.ts';
import { onPaper } from './paper.ts';

/** Whose lanes are drawn: the lab's, unless a page provides a store of its own. */
export const LabContext = createContext<StoreApi<LabState>>(lab);

/** The lanes that the page of the lab shows: recorded ones where nothing can be trained. */
export function useShownLab(): StoreApi<LabState> {
  return useStore(lab, ({ state }) => state) === 'no-webgpu' ? recordedLab : lab;
}

/** A part of the page's state. */
export function useLab<Part>(select: (state: LabState) => Part): Part {
  return useStore(useContext(LabContext), select);
}

/** A part of the view. */
export function useView<Part>(select: (state: View) => Part): Part {
  return useStore(view, select);
}

/** Around what shows other runs than the lab's: their steps are not the lab's, nor the lab's theirs. */
export function useOwnSteps(): void {
  useEffect(() => {
    showAllSteps();
    return showAllSteps;
  }, []);
}

/** A chart rests this many times as long as its last redraw took: six of them then use a quarter of a core. */
const restFactor = 20;
/** What a redraw is called in a trace. */
const redraw = 'chart redraw';
/** However busy the machine is, charts move this often. */
const longestRestMs = 1000;

/**
 * The state of the page as one chart sees it: redrawn in a task of its own, as six charts in one would block the
 * page, and no oftener than the machine can afford, as on a software adapter every core that draws is one that
 * doesn't train. Before its first turn a chart sees a page without lanes; out of sight it sees no news, until it is
 * printed.
 */
export function usePacedLab(onScreen: boolean): LabState {
  const shown = useContext(LabContext);
  const [seen, setSeen] = useState(() => shown.getInitialState());
  const readyAt = useRef(0);
  useEffect(() => {
    if (!onScreen) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let waiting: (() => void) | undefined;
    const look = (): void => {
      waiting = undefined;
      const started = performance.now();
      flushSync(() => {
        setSeen(shown.getState());
      });
      const ended = performance.now();
      // Seen in the browser's performance panel and by `npm run trace`; cleared, or such entries pile up for ever.
      performance.measure(redraw, { start: started, end: ended });
      performance.clearMeasures(redraw);
      readyAt.current = ended + Math.min(longestRestMs, restFactor * (ended - started));
    };
    const ask = (): void => {
      if (document.hidden) return;
      timer ??= setTimeout(
        () => {
          timer = undefined;
          waiting ??= inTurn(look);
        },
        Math.max(0, readyAt.current - performance.now()),
      );
    };
    const unsubscribe = shown.subscribe((state, before) => {
      const { version, lanes, state: doing } = before;
      if (state.version !== version || state.lanes !== lanes || state.state !== doing) ask();
    });
    document.addEventListener('visibilitychange', ask);
    ask();
    return () => {
      document.removeEventListener('visibilitychange', ask);
      unsubscribe();
      clearTimeout(timer);
      waiting?.();
    };
  }, [onScreen, shown]);
  useEffect(
    () =>
      onPaper(() => {
        flushSync(() => {
          setSeen(shown.getState());
        });
      }),
    [shown],
  );
  return seen;
}
