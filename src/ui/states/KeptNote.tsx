import { useStore } from 'zustand';
import { choosePreset } from '../../store/actions.ts';
import { keepAgain } from '../../store/keeping.ts';
import { dismissKept, kept, type Restored } from '../../store/keptState.ts';
import { openKept } from '../../store/keptList.ts';
import { differingKeys, type Lane, setupsOf } from '../../store/lanes.ts';
import { presets, type PresetName } from '../../settings/presets.ts';
import { counted } from '../format.ts';
import { damageInWords } from '../keptWords.ts';
import { useLab } from '../useStore.ts';
import './kept.css';

/** Whose lanes these are, how they differ from the preset, and what became of the steps that came out once more. */
export function KeptNote() {
  const restored = useStore(kept, (state) => state.restored);
  const failure = useStore(kept, (state) => state.failure);
  const canAgain = useStore(kept, (state) => state.until === 'asked');
  const busy = useStore(kept, (state) => state.busy);
  const preset = useLab((lab) => lab.preset);
  const lanes = useLab((lab) => lab.lanes);
  return (
    <section className="kept-line" aria-label="Kept runs" role="status">
      {busy === null ? null : (
        <>
          <p>
            <strong>Another tab has your run.</strong> Here is a fresh {presets[preset].title}. Taken over,
            the run pauses there and goes on here.
          </p>
          <button
            type="button"
            onClick={() => {
              openKept(busy, 'Your run', () => undefined, true);
            }}
          >
            Take it over
          </button>
        </>
      )}
      {failure === null ? null : (
        <>
          <p>{`${failure.sentence} ${failure.remedy}`}</p>
          {canAgain ? (
            <button type="button" onClick={keepAgain}>
              Keep it again
            </button>
          ) : null}
        </>
      )}
      {restored === null ? null : (
        <>
          <p>
            <strong>Your run of {dayOf(restored.updated)}</strong>, {differenceInWords(preset, lanes)}.{' '}
            {goingOn(restored, lanes)} {damageInWords(restored.damaged, lanes)}
          </p>
          <button
            type="button"
            onClick={() => {
              dismissKept();
              choosePreset(preset);
            }}
          >
            Fresh {presets[preset].title}
          </button>
        </>
      )}
      <button type="button" className="quiet" aria-label="Put this line away" onClick={dismissKept}>
        ×
      </button>
    </section>
  );
}

/** 3 November, with the year where it is another one. */
export function dayOf(at: number, now = new Date()): string {
  const day = new Date(at);
  const year = day.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' as const };
  return day.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', ...year });
}

/** How lanes differ from those of a preset: "2 knobs differ from the preset". */
export function differenceInWords(preset: PresetName, lanes: readonly Lane[]): string {
  const fresh = presets[preset].lanes;
  if (lanes.length !== fresh.length) {
    return `${counted(lanes.length, 'lane')} instead of the preset’s ${fresh.length}`;
  }
  const keys = new Set(
    setupsOf(lanes).flatMap(({ settings }, index) => {
      const of = fresh[index];
      return of === undefined ? [] : differingKeys([of.settings, settings]);
    }),
  );
  if (keys.size === 0) return 'with the preset’s settings';
  return `${counted(keys.size, 'knob')} ${keys.size === 1 ? 'differs' : 'differ'} from the preset`;
}

function goingOn({ from, to, compared, otherVersion }: Restored, lanes: readonly Lane[]): string {
  const found = [...new Set(compared.map(({ sentence }) => sentence))];
  if (found.length > 0) {
    const [first = ''] = found;
    if (found.length === 1 && compared.length > 1) return `In every lane ${first}.`;
    const named = compared.map(({ lane, sentence }) => {
      const name = lanes.find(({ id }) => id === lane)?.name;
      return name === undefined ? sentence : `${name}: ${sentence}`;
    });
    return `${named.join('; ')}.`;
  }
  const version = otherVersion ? ' Another version of the lab trained it: bits may differ.' : '';
  const again =
    to > from
      ? ` ${to === from + 1 ? `Step ${to} is` : `Steps ${from + 1} to ${to} are`} trained once more, and compared.`
      : '';
  return `Train goes on from step ${from}.${again}${version}`;
}
