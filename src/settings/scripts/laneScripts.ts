import { fileNameOf } from '../../lib/fileName.ts';
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

/** A script of each lane by the name of its file, which is the lane's; none is there twice, whatever case a disk tells apart. */
export function scriptFiles(trainer: Trainer, lanes: readonly LaneSetup[]): Readonly<Record<string, string>> {
  const { extension, write } = scripts[trainer];
  const taken = new Set<string>();
  const files = lanes.map((lane) => {
    const stem =
      fileNameOf(lane.name)
        .replace(/^[.-]+/, '')
        .slice(0, 100) || 'lane';
    let name = stem;
    for (let more = 2; taken.has(name.toLowerCase()); more++) name = `${stem}-${String(more)}`;
    taken.add(name.toLowerCase());
    return [`${name}.${extension}`, write(lane)] as const;
  });
  return Object.fromEntries(files);
}
