import { forkableBytes, type KeptSize, rolloutBytes, type Thinning } from '../storage/kept.ts';
import type { LaneId } from '../session/protocol.ts';
import type { Restored } from '../store/keptState.ts';
import type { OwnFile } from '../store/ownFile.ts';
import { counted, formatBytes } from './format.ts';

const room = (bytes: number): string => `${String(bytes / 2 ** 20)} MB`;
/** Steps that a sentence names; the others it counts. */
const mostNamed = 3;

/** What of a run goes next, in words; empty where nothing does. */
export function thinningInWords({ checkpoints, rollouts }: Thinning): string {
  const [first] = checkpoints;
  const named = checkpoints.slice(0, mostNamed).join(', ');
  const more = checkpoints.length > mostNamed ? ` and ${String(checkpoints.length - mostNamed)} more` : '';
  const whose = checkpoints.length === 1 ? `step ${String(first)}` : `steps ${named}${more}`;
  return [
    ...(first === undefined
      ? []
      : [
          `There is room for ${room(forkableBytes)} of checkpoints: the next one takes the place of that of ${whose}.`,
        ]),
    ...(rollouts === null
      ? []
      : [
          `There is room for ${room(rolloutBytes)} of rollouts: soon those of every ${ordinal(rollouts)} step stay.`,
        ]),
  ].join(' ');
}

/** What is kept of a run, in words. */
export function sizeInWords({ checkpoints, rollouts, bytes }: KeptSize): string {
  const parts = [
    ...(checkpoints.length === 0 ? [] : [counted(checkpoints.length, 'checkpoint')]),
    ...(rollouts === null
      ? []
      : [rollouts === 1 ? 'the rollouts of every step' : `the rollouts of every ${ordinal(rollouts)} step`]),
  ];
  return `${formatBytes(bytes)}: ${['its record', ...parts].join(', ')}`;
}

/** What of lanes is cut off or damaged, in words; empty where nothing is. */
export function damageInWords(
  damaged: Restored['damaged'],
  lanes: readonly { readonly id: LaneId; readonly name: string }[],
): string {
  const shown = damaged.filter(({ lane }) => lanes.some(({ id }) => id === lane));
  const parts = shown.map(
    ({ lane, checkpoints }) =>
      `${counted(checkpoints, 'checkpoint')} of ${lanes.find(({ id }) => id === lane)?.name ?? ''}`,
  );
  const count = shown.reduce((sum, { checkpoints }) => sum + checkpoints, 0);
  if (count === 0) return '';
  return `${parts.join(' and ')} ${count === 1 ? 'is' : 'are'} cut off or damaged, and not used.`;
}

/** Up to where a file of one's own holds lanes, in words. */
export function heldInWords(lanes: OwnFile['lanes']): string {
  const [first] = lanes;
  if (first === undefined) return 'is being written';
  if (lanes.every(({ step }) => step === first.step)) return `holds all up to step ${String(first.step)}`;
  return `holds ${lanes.map(({ name, step }) => `${name} up to step ${String(step)}`).join(', ')}`;
}

/** Powers of two. */
function ordinal(count: number): string {
  if (count === 2) return 'second';
  return `${String(count)}${count % 10 === 2 && count % 100 !== 12 ? 'nd' : 'th'}`;
}
