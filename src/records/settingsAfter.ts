import type { Settings } from '../settings/hyperparameters.ts';
import { applyLive, validateSettings } from '../settings/settings.ts';
import type { LiveChange, RunRecord } from './run.ts';

/** Settings with a change of a run upon them. @throws LabError `bad-setting` where it can't be made */
export function changed(settings: Settings, { by, changes }: Pick<LiveChange, 'by' | 'changes'>): Settings {
  return by === 'checkpoint' ? validateSettings(changes, settings) : applyLive(settings, changes);
}

/** The settings of a run with all that was changed on the way. */
export function settingsAfter({ settings, changes }: Pick<RunRecord, 'settings' | 'changes'>): Settings {
  return changes.reduce(changed, settings);
}
