import { useStore } from 'zustand';
import type { KeptEntry, KeptLane, ListedLab } from '../../storage/kept.ts';
import { presetNames, presets } from '../../settings/presets.ts';
import { deleteSoon, keptList, openKept, undoDelete } from '../../store/keptList.ts';
import { labName } from '../../store/labName.ts';
import { counted } from '../format.ts';
import { dayOf } from '../states/KeptNote.tsx';
import { useLab } from '../useStore.ts';
import { Sparkline } from './Sparkline.tsx';

/** Lanes that stood together, and what can be done with them; deleted ones can be brought back in their place. */
export function RunItem({ listed: { lab, runs } }: { readonly listed: ListedLab }) {
  const gone = useStore(keptList, ({ going }) => going.has(lab.id));
  const opening = useStore(keptList, (state) => state.opening);
  // Lanes of the lab say when others are open.
  const here = useLab(() => labName()) === lab.id;
  const recorded = useLab((shown) => shown.recorded);
  const title = titleOf(lab.preset);
  const when = `${dayOf(lab.updated)}, ${timeOf(lab.updated)}`;
  const named = `${title} of ${when}`;
  if (gone) {
    return (
      <li className="runs-gone">
        {named} was deleted.{' '}
        <button
          ref={focus}
          type="button"
          aria-label={`Undo: keep ${named}`}
          onClick={() => {
            undoDelete(lab.id);
          }}
        >
          Undo
        </button>
      </li>
    );
  }
  const begun = lab.lanes.some(({ run }) => runs.some(({ id }) => id === run));
  return (
    <li className="card" aria-current={here ? 'true' : undefined}>
      <header>
        <h3>{title}</h3>
        <time className="unit" dateTime={new Date(lab.updated).toISOString()}>
          {when}
        </time>
        {here ? <b className="badge">open in the lab</b> : null}
        <p className="buttons">
          {here ? (
            <a href="#lab">Go to it</a>
          ) : (
            <>
              {recorded || !begun ? null : (
                <button
                  type="button"
                  aria-label={`Open ${named}`}
                  disabled={opening !== null}
                  onClick={() => {
                    openKept(lab.id, named, () => {
                      location.hash = 'lab';
                    });
                  }}
                >
                  {opening === lab.id ? 'Opening …' : 'Open'}
                </button>
              )}
              <button
                type="button"
                aria-label={`Delete ${named}`}
                disabled={opening === lab.id}
                onClick={() => {
                  deleteSoon(lab.id);
                }}
              >
                Delete
              </button>
            </>
          )}
        </p>
      </header>
      <ul aria-label="Lanes">
        {lab.lanes.map((lane) => (
          <LaneLine key={lane.run} lane={lane} run={runs.find(({ id }) => id === lane.run)} />
        ))}
      </ul>
      {recorded ? <p className="unit">To open it, a browser with WebGPU is needed.</p> : null}
    </li>
  );
}

function LaneLine({
  lane: { name, slot },
  run,
}: {
  readonly lane: KeptLane;
  readonly run: KeptEntry | undefined;
}) {
  return (
    <li className={`lane-${slot}`}>
      <span>
        <span className="swatch" aria-hidden="true" />
        {name}
      </span>
      <span>{run === undefined ? 'not begun' : counted(run.step, 'step')}</span>
      <span>{run?.verdict}</span>
      {run === undefined ? null : <Sparkline values={run.spark} />}
    </li>
  );
}

/** Of a preset, which another version of the lab may have had alone. */
function titleOf(preset: string): string {
  const known = presetNames.find((each) => each === preset);
  return known === undefined ? preset : presets[known].title;
}

function timeOf(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

/** What was pressed is gone: keys go on here. */
function focus(button: HTMLButtonElement | null): void {
  button?.focus();
}
