import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { chooseNone, compareChosen, compared, leaveComparison } from '../../store/compared.ts';
import { kept } from '../../store/keptState.ts';
import { importFiles } from '../../store/keptFiles.ts';
import { deleteNow, keptList, openKept, readKept, type StorageUse } from '../../store/keptList.ts';
import { formatBytes } from '../format.ts';
import { Comparison } from './Comparison.tsx';
import { goToLab } from './goToLab.ts';
import { RunItem } from './RunItem.tsx';
import './runList.css';

/** What is kept in this browser: lanes that stood together, to be opened, compared, exported or deleted. */
export function Runs() {
  const comparing = useStore(compared, ({ state }) => state === 'shown');
  const reading = useStore(keptList, ({ labs, importing }) => labs === 'reading' || importing);
  // What was listed at an earlier visit is there at once; it is not yet what is kept now.
  const [listed, setListed] = useState(false);
  const [over, setOver] = useState(false);
  useEffect(() => {
    void readKept().finally(() => {
      setListed(true);
    });
    addEventListener('pagehide', deleteNow);
    return () => {
      removeEventListener('pagehide', deleteNow);
      deleteNow();
      leaveComparison();
    };
  }, []);
  return (
    <main
      className={comparing ? 'runs comparing' : 'runs'}
      aria-busy={reading || !listed ? true : undefined}
      data-over={over}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setOver(false);
      }}
      onDrop={(event) => {
        setOver(false);
        const files = [...event.dataTransfer.files];
        if (files.length === 0) return;
        event.preventDefault();
        void importFiles(files);
      }}
    >
      {comparing ? <Comparison /> : <List />}
    </main>
  );
}

function List() {
  const { labs, said, busy, storage, importing } = useStore(keptList);
  const failure = useStore(kept, (state) => state.failure);
  return (
    <>
      <header>
        <h2>Runs</h2>
        <p>
          What you train is kept in this browser by itself. Opened again, it is paused where it was, and{' '}
          <em>Train</em> goes on with the same random numbers. Curves are held-out accuracy, from 0 to 1.
        </p>
        {storage === null || labs === 'refused' ? null : <p className="unit">{storageInWords(storage)}</p>}
        {labs === 'refused' ? null : <Import />}
      </header>
      <p role="status" className="runs-said">
        {importing ? 'Reading …' : said}
        {busy === null ? null : (
          <>
            {' '}
            It can be looked at here, or taken over: it pauses there and goes on in this tab.{' '}
            <button
              type="button"
              onClick={() => {
                openKept(busy, 'The run of another tab', goToLab, true);
              }}
            >
              Take it over
            </button>
          </>
        )}
      </p>
      {labs === 'reading' ? (
        <p>Reading …</p>
      ) : labs === 'refused' ? (
        <p>
          Nothing is kept here.{' '}
          {failure === null
            ? 'This browser gives the lab no storage.'
            : `${failure.sentence} ${failure.remedy}`}
        </p>
      ) : labs === 'failed' ? null : labs.length === 0 ? (
        <p>Nothing is kept yet. A run is, from its first step on.</p>
      ) : (
        <ul aria-label="Kept runs">
          {labs.map((listed) => (
            <RunItem key={listed.lab.id} listed={listed} />
          ))}
        </ul>
      )}
      <Chosen />
    </>
  );
}

/** A button for files; they can be dropped anywhere on the page as well. */
function Import() {
  const picker = useRef<HTMLInputElement>(null);
  return (
    <p>
      <button type="button" onClick={() => picker.current?.click()}>
        Import a run …
      </button>{' '}
      <span className="unit">
        JSON lines of this lab, of the page or of npm run train; or drop them here.
      </span>
      <input
        ref={picker}
        type="file"
        className="visually-hidden"
        tabIndex={-1}
        aria-label="Records of runs"
        accept=".jsonl,.ndjson,.json"
        multiple
        onChange={({ target }) => {
          const files = [...(target.files ?? [])];
          // The same file can be chosen again.
          target.value = '';
          if (files.length > 0) void importFiles(files);
        }}
      />
    </p>
  );
}

/** What was chosen to be looked at, at the window's lower edge. */
function Chosen() {
  const { chosen, state } = useStore(compared);
  const labs = useStore(keptList, (list) => list.labs);
  if (chosen.length === 0 || typeof labs === 'string') return null;
  return (
    <div className="runs-chosen card" role="region" aria-label="Chosen runs">
      <button
        type="button"
        className="go"
        disabled={state === 'reading'}
        onClick={() => void compareChosen(labs)}
      >
        {chosen.length === 1 ? 'Look at it' : `Compare ${chosen.length} runs`}
      </button>
      <button type="button" onClick={chooseNone}>
        Choose none
      </button>
    </div>
  );
}

function storageInWords({ used, left, persisted }: StorageUse): string {
  const fate = persisted
    ? 'It is kept until you delete it.'
    : 'The browser may delete it when the disk runs short; export what you want to be sure of.';
  return `The lab uses ${formatBytes(used)} of storage, ${formatBytes(left)} are left, by the browser’s estimate. ${fate}`;
}
