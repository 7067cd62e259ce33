import { forkableBytes, type KeptSize, rolloutBytes, type Thinning } from '../storage/kept.ts';
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

/** Powers of two. */
function ordinal(count: number): string {
  if (count === 2) return 'second';
  return `${String(count)}${count % 10 === 2 && count % 100 !== 12 ? 'nd' : 'th'}`;
}
