import { useEffect } from 'react';
import { useStore } from 'zustand';
import { kept } from '../../store/keeping.ts';
import { deleteNow, keptList, readKept, type StorageUse } from '../../store/keptList.ts';
import { formatBytes } from '../format.ts';
import { RunItem } from './RunItem.tsx';
import './runList.css';

/** What is kept in this browser: lanes that stood together, to be opened again or deleted. */
export function Runs() {
  const { labs, said, storage } = useStore(keptList);
  const failure = useStore(kept, (state) => state.failure);
  useEffect(() => {
    void readKept();
    addEventListener('pagehide', deleteNow);
    return () => {
      removeEventListener('pagehide', deleteNow);
      deleteNow();
    };
  }, []);
  return (
    <main className="runs" aria-busy={labs === 'reading' ? true : undefined}>
      <header>
        <h2>Runs</h2>
        <p>
          What you train is kept in this browser by itself. Opened again, it is paused where it was, and{' '}
          <em>Train</em> goes on with the same random numbers. Curves are held-out accuracy, from 0 to 1.
        </p>
        {storage === null || labs === 'refused' ? null : <p className="unit">{storageInWords(storage)}</p>}
      </header>
      <p role="status" className="runs-said">
        {said}
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
      ) : labs.length === 0 ? (
        <p>Nothing is kept yet. A run is, from its first step on.</p>
      ) : (
        <ul aria-label="Kept runs">
          {labs.map((listed) => (
            <RunItem key={listed.lab.id} listed={listed} />
          ))}
        </ul>
      )}
    </main>
  );
}

function storageInWords({ used, left, persisted }: StorageUse): string {
  const fate = persisted
    ? 'It is kept until you delete it.'
    : 'The browser may delete it when the disk runs short; export what you want to be sure of.';
  return `The lab uses ${formatBytes(used)} of storage, ${formatBytes(left)} are left, by the browser’s estimate. ${fate}`;
}
