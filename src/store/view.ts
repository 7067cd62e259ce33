import { createStore } from 'zustand/vanilla';
import { decodeLook, type Look, type Span } from './look.ts';

export type Theme = 'system' | 'light' | 'dark';
export const themes: readonly Theme[] = ['system', 'light', 'dark'];

const themeKey = 'm-grpo-lab.theme';
const knobsKey = 'm-grpo-lab.all-knobs';
const tourKey = 'm-grpo-lab.tour';

/** The pages of the lab; the address names all but the first after its `#`. */
export const pages = ['lab', 'runs', 'playground', 'model', 'watch', 'guide', 'paper', 'bench'] as const;
export type Page = (typeof pages)[number];

export type { Span } from './look.ts';

/** How the page is looked at: nothing here reaches the trainer or the URL. */
export interface View extends Look {
  readonly theme: Theme;
  readonly page: Page;
  /** The step under the pointer, shared by all charts; null: the newest. */
  readonly cursor: number | null;
  /** Steps over which the curves of all charts are smoothed; 0: none. */
  readonly smoothing: number;
  /** Whether the rail shows every knob, or the essential ones. */
  readonly allKnobs: boolean;
  /** The stop of the tour, from 0; 'offered' to who has not been asked yet; null: none. */
  readonly tour: number | 'offered' | null;
}

/** Choices of `smoothing`, in steps. A single step of a few prompts is mostly luck: at first ten are taken together. */
export const smoothings = [0, 3, 10, 30, 100] as const;

/** The view. Charts subscribe to `cursor` alone, so that moving it redraws one thin line each. */
export const view = createStore<View>()(() => ({
  theme: themes.find((theme) => theme === remembered(themeKey)) ?? 'system',
  page: 'lab',
  cursor: null,
  pinned: null,
  zoom: null,
  smoothing: smoothings[2],
  truthHidden: false,
  presenting: false,
  allKnobs: remembered(knobsKey) !== null,
  tour: remembered(tourKey) === null ? 'offered' : null,
}));

/** Chooses light, dark or the system's, and remembers it. */
export function setTheme(theme: Theme): void {
  view.setState({ theme });
  remember(themeKey, theme);
}

/** Shows the page that the address names, as its link says, now and whenever it changes. */
export function followAddress(): void {
  const follow = (): void => {
    const [named = '', ...rest] = location.hash.slice(1).split('/');
    const page = pages.find((each) => each === named) ?? 'lab';
    const look = decodeLook(rest.join('/'));
    view.setState({ page, presenting: page === 'lab' && look.presenting });
    // An address that says how to look is followed; one that doesn't leaves the look as it is.
    const { pinned, zoom, truthHidden } = look;
    if (page !== 'lab') return;
    if (pinned !== null) pin(pinned);
    if (zoom !== null) setZoom(zoom);
    if (truthHidden) hideTruth(true);
  };
  addEventListener('hashchange', follow);
  // Going back to an entry whose settings were kept in its address meanwhile is no change of the fragment alone.
  addEventListener('popstate', follow);
  follow();
}

/** Moves the cursor shared by all charts; null: back to the pinned step, or to the newest. */
export function setCursor(step: number | null): void {
  const cursor = step ?? view.getState().pinned;
  if (view.getState().cursor !== cursor) view.setState({ cursor });
}

/** Sets the timeline to a step; null: to the newest, whatever comes. */
export function pin(pinned: number | null): void {
  view.setState({ pinned, cursor: pinned });
}

/** Has all charts show a stretch of steps; null: all there are. */
export function setZoom(zoom: Span | null): void {
  view.setState({ zoom });
}

/** No step is pinned, and all are in sight: what was chosen among the steps of one run means nothing among another's. */
export function showAllSteps(): void {
  pin(null);
  setZoom(null);
}

/** Smooths the curves of all charts. */
export function setSmoothing(smoothing: number): void {
  view.setState({ smoothing });
}

/** Shows or hides all that only labels can tell. */
export function hideTruth(truthHidden: boolean): void {
  view.setState({ truthHidden });
}

/** Shows every knob or the essential ones, and remembers it. */
export function showAllKnobs(allKnobs: boolean): void {
  view.setState({ allKnobs });
  remember(knobsKey, allKnobs ? 'all' : null);
}

/** Shows a stop of the tour, on the page it is about. */
export function goToStop(tour: number): void {
  if (view.getState().page !== 'lab') location.hash = 'lab';
  view.setState({ tour });
}

/** Ends the tour, or declines it; it is not offered again. */
export function endTour(): void {
  view.setState({ tour: null });
  remember(tourKey, 'seen');
}

/** Storage can be closed to the page (private windows): a choice then lasts as long as the tab. */
function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // As said.
  }
}

function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
