import type { LaneSetup } from '../presets.ts';
import type { Trainer } from './counterparts.ts';
import { trlScript } from './trl.ts';
import { verlScript } from './verl.ts';

/** A lane's settings as a script, for each trainer that they leave for. */
export const scripts: Readonly<
  Record<Trainer, { readonly extension: string; readonly write: (lane: LaneSetup) => string }>
> = {
  trl: { extension: 'py', write: trlScript },
  verl: { extension: 'sh', write: verlScript },
};
