import { createStore } from 'zustand/vanilla';

/** A version of the lab that waits to take the place of the one that is open. */
export interface NewVersionState {
  /** 'none': nothing is said of any; 'others': other tabs have the old one open. */
  readonly state: 'none' | 'there' | 'others' | 'taking over';
  readonly registration: ServiceWorkerRegistration | null;
}

export const newVersion = createStore<NewVersionState>()(() => ({ state: 'none', registration: null }));

/** Lets the new version take the place of this one, and reloads the page with it; not while another tab has the old one. */
export function takeOver(): void {
  newVersion.setState({ state: 'taking over' });
  newVersion.getState().registration?.waiting?.postMessage('take over');
}

/** Puts away what is said of it; it takes over once all tabs are closed. */
export function dismissNewVersion(): void {
  newVersion.setState({ state: 'none' });
}
