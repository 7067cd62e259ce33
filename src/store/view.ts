import { createStore } from 'zustand/vanilla';

export type Theme = 'system' | 'light' | 'dark';
export const themes: readonly Theme[] = ['system', 'light', 'dark'];

const themeKey = 'm-grpo-lab.theme';

/** The pages of the lab; the address names all but the first after its `#`. */
export const pages = ['lab'] as const;
export type Page = (typeof pages)[number];

/** How the page is looked at: nothing here reaches the trainer or the URL. */
export interface View {
  readonly theme: Theme;
  readonly page: Page;
  /** The step under the pointer, shared by all charts; null: the newest. */
  readonly cursor: number | null;
  readonly truthHidden: boolean;
}

/** The view. Charts subscribe to `cursor` alone, so that moving it redraws one thin line each. */
export const view = createStore<View>()(() => ({ theme: storedTheme(), page: 'lab', cursor: null, truthHidden: false }));

/** Chooses light, dark or the system's, and remembers it. */
export function setTheme(theme: Theme): void {
  view.setState({ theme });
  try {
    localStorage.setItem(themeKey, theme);
  } catch {
    // Storage can be closed to the page (private windows): the choice then lasts as long as the tab.
  }
}

/** Shows the page that the address names, now and whenever it changes. */
export function followAddress(): void {
  const follow = (): void => {
    const [named = ''] = location.hash.slice(1).split('/');
    view.setState({ page: pages.find((page) => page === named) ?? 'lab' });
  };
  addEventListener('hashchange', follow);
  follow();
}

/** Moves the cursor shared by all charts. */
export function setCursor(cursor: number | null): void {
  if (view.getState().cursor !== cursor) view.setState({ cursor });
}

/** Shows or hides solutions in the table of rollouts. */
export function hideTruth(truthHidden: boolean): void {
  view.setState({ truthHidden });
}

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(themeKey);
    return themes.find((theme) => theme === stored) ?? 'system';
  } catch {
    return 'system';
  }
}
