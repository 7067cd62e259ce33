import { Suspense } from 'react';
import { useStore } from 'zustand';
import { kept } from '../../store/keptState.ts';
import { lazily } from '../lazily.ts';
import { Boundary } from './Boundary.tsx';

const KeptNote = lazily(() => import('./KeptNote.tsx').then((part) => part.KeptNote));

/** A line above the lab where its lanes were restored, or can't be kept. */
export function KeptLine() {
  const wanted = useStore(
    kept,
    ({ restored, failure, busy }) => restored !== null || failure !== null || busy !== null,
  );
  if (!wanted) return null;
  return (
    <Boundary what="What is said of the run that was kept">
      <Suspense fallback={<div className="kept-line" />}>
        <KeptNote />
      </Suspense>
    </Boundary>
  );
}
