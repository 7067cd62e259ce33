import { useState } from 'react';
import { useStore } from 'zustand';
import type { ListedLab } from '../../storage/kept.ts';
import { exportKept, type KeptFormat, keptFormats } from '../../store/keptFiles.ts';
import {
  deleteSoon,
  keptList,
  openKept,
  presetTitle,
  renameKept,
  titleOf,
  undoDelete,
} from '../../store/keptList.ts';
import { labName } from '../../store/labName.ts';
import { Menu } from '../Menu.tsx';
import { dayOf } from '../states/KeptNote.tsx';
import { useLab } from '../useStore.ts';
import { goToLab } from './goToLab.ts';
import { LabelForm } from './LabelForm.tsx';
import { LaneLine } from './LaneLine.tsx';

const formats: Readonly<Record<KeptFormat, { readonly label: string; readonly title: string }>> = {
  jsonl: { label: 'Record as JSON lines', title: 'Replayed by npm run replay, and read by Watch' },
  csv: { label: 'Metrics as CSV', title: 'All lanes, a row a step' },
  html: { label: 'Run as a page', title: 'One HTML file with charts, settings and record' },
};

/** Lanes that stood together, and what can be done with them; deleted ones can be brought back in their place. */
export function RunItem({ listed }: { readonly listed: ListedLab }) {
  const { lab, label, runs } = listed;
  const gone = useStore(keptList, ({ going }) => going.has(lab.id));
  const opening = useStore(keptList, (state) => state.opening);
  // Lanes of the lab say when others are open.
  const here = useLab(() => labName()) === lab.id;
  const recorded = useLab((shown) => shown.recorded);
  const [editing, setEditing] = useState(false);
  const title = titleOf(listed);
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
  const opens = !here && !recorded && begun && lab.imported !== true;
  return (
    <li className="card" aria-current={here ? 'true' : undefined}>
      <header>
        <h3>{title}</h3>
        <time className="unit" dateTime={new Date(lab.updated).toISOString()}>
          {lab.imported === true ? `imported ${when}` : when}
        </time>
        {here ? <b className="badge">open in the lab</b> : null}
        <div className="buttons">
          {here ? <a href="#lab">Go to it</a> : null}
          {opens ? (
            <button
              type="button"
              aria-label={`Open ${named}`}
              disabled={opening !== null}
              onClick={() => {
                openKept(lab.id, named, goToLab);
              }}
            >
              {opening === lab.id ? 'Opening …' : 'Open'}
            </button>
          ) : null}
          {begun ? (
            <Menu className="export" summary="Export" label={`Export ${named}`}>
              {keptFormats.map((format) => (
                <button
                  key={format}
                  type="button"
                  className="quiet"
                  title={formats[format].title}
                  onClick={() => void exportKept(listed, title, format)}
                >
                  {formats[format].label}
                </button>
              ))}
            </Menu>
          ) : null}
          <button
            type="button"
            aria-label={`Name and notes of ${named}`}
            aria-expanded={editing}
            onClick={() => {
              setEditing(!editing);
            }}
          >
            Name, notes
          </button>
          {here ? null : (
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
          )}
        </div>
      </header>
      {editing ? (
        <LabelForm
          label={label}
          usual={presetTitle(lab.preset)}
          onDone={(changed) => {
            if (changed !== null) void renameKept(lab.id, changed);
            setEditing(false);
          }}
        />
      ) : label.notes === '' ? null : (
        <p className="runs-notes">{label.notes}</p>
      )}
      <ul aria-label="Lanes">
        {lab.lanes.map((lane) => (
          <LaneLine
            key={lane.run}
            lab={lab}
            lane={lane}
            run={runs.find(({ id }) => id === lane.run)}
            named={named}
            forks={opens}
          />
        ))}
      </ul>
      {recorded && lab.imported !== true ? (
        <p className="unit">To open it, a browser with WebGPU is needed.</p>
      ) : null}
    </li>
  );
}

function timeOf(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

/** What was pressed is gone: keys go on here. */
function focus(button: HTMLButtonElement | null): void {
  button?.focus();
}
