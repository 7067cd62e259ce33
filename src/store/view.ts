import { createStore } from 'zustand/vanilla';

export type Theme = 'system' | 'light' | 'dark';
export const themes: readonly Theme[] = ['system', 'light', 'dark'];

const themeKey = 'm-grpo-lab.theme';

/** How the page is looked at: nothing here reaches the trainer or the URL. */
export interface View {
  readonly theme: Theme;
  /** The step under the pointer, shared by all charts; null: the newest. */
  readonly cursor: number | null;
  readonly truthHidden: boolean;
}

/** The view. Charts subscribe to `cursor` alone, so that moving it redraws one thin line each. */
export const view = createStore<View>()(() => ({ theme: storedTheme(), cursor: null, truthHidden: false }));

/** Chooses light, dark or the system's, and remembers it. */
export function setTheme(theme: Theme): void {
  view.setState({ theme });
  try {
    localStorage.setItem(themeKey, theme);
  } catch {
    // Storage can be closed to the page (private windows): the choice then lasts as long as the tab.
  }
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
