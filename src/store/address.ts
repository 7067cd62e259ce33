import { LabError } from '../lib/labError.ts';
import { defaultPreset, presets } from '../settings/presets.ts';
import { typeset } from '../settings/wording.ts';
import { decodeUrl, encodeUrl, linkQuery, type SharedLab } from '../settings/url.ts';
import { notify } from './actions.ts';
import { open } from './connection.ts';
import { askForLab, mayRestore } from './keeping.ts';
import { kept } from './keptState.ts';
import { labName, nameHere } from './labName.ts';
import { lab, setupsOf } from './lanes.ts';
import { encodeLook } from './look.ts';
import { showRestored } from './showRestored.ts';
import { view } from './view.ts';

/**
 * Opens the lanes that this entry of the browser's history showed, or that were kept last where the address says
 * nothing; else what the address says: a link always wins.
 */
export async function openOrRestore(search: string): Promise<void> {
  const name = nameHere();
  if (mayRestore() && (name !== null || search === '')) {
    const found = await askForLab(name);
    if (found !== null && 'busy' in found) kept.setState({ busy: found.busy });
    else if (found !== null && (await showRestored(found, notify))) return;
  }
  openFromAddress(search);
}

/** Opens what the address says; nonsense there opens the default preset and says what was wrong. */
export function openFromAddress(search: string): void {
  try {
    const { preset, lanes } = decodeUrl(search);
    open(preset, lanes);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    refusedAddress = true;
    open(defaultPreset, presets[defaultPreset].lanes);
    // Knobs by the names that the address has, where they are to be mended.
    notify(`${typeset(error.message)} ${typeset(error.remedy)} The default preset was opened instead.`);
  }
}

/** What the address says was refused and is still there to be mended, until settings take its place. */
let refusedAddress = false;

/** Keeps the address in step with the settings, so that reload and bookmark bring the same lanes. */
export function keepAddress(): void {
  // Another page of the lab is another entry of the history, with nothing kept beside it yet, or what was kept before.
  for (const moved of ['popstate', 'hashchange']) {
    addEventListener(moved, () => {
      if (!refusedAddress) keep();
    });
  }
  lab.subscribe((state, before) => {
    if (state.lanes.length === 0 || (state.lanes === before.lanes && state.preset === before.preset)) return;
    // What was opened in the place of nonsense does not take its address, too.
    if (refusedAddress && before.lanes.length === 0) return;
    const settled = state.lanes.every(({ settings, name }, index) => {
      const old = before.lanes[index];
      return old?.settings === settings && old.name === name;
    });
    if (settled && state.lanes.length === before.lanes.length && state.preset === before.preset) return;
    keep();
  });
}

function keep(): void {
  refusedAddress = false;
  try {
    history.replaceState({ lab: labName() }, '', `${addressOf()}${location.hash}`);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    // Too long for an address: kept beside it, so that a reload brings the same lanes all the same.
    history.replaceState(
      { lab: labName(), query: encodeUrl(shared()) },
      '',
      `${location.pathname}${location.hash}`,
    );
  }
}

/** What this page is to open: what was kept beside the address for being too long, or else the address's own query. */
export function queryHere(): string {
  const kept: unknown = history.state;
  const query = typeof kept === 'object' && kept !== null && 'query' in kept ? kept.query : null;
  return typeof query === 'string' ? query : location.search;
}

/** The address to share, with the step, the zoom and what is hidden; null where there can be none, and a notice says why. */
export function sharedAddress(): string | null {
  try {
    const state = view.getState();
    const look = state.page === 'lab' ? encodeLook(state) : '';
    return `${addressOf()}${look === '' ? '' : `#lab/${look}`}`;
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    notify(`${error.message} ${error.remedy}`);
    return null;
  }
}

/** The address of this page with every setting that differs from the default. */
function addressOf(): string {
  const query = linkQuery(shared());
  const { origin, pathname } = location;
  return `${origin}${pathname}${query === '' ? '' : `?${query}`}`;
}

function shared(): SharedLab {
  return { preset: lab.getState().preset, lanes: setupsOf(lab.getState().lanes) };
}
