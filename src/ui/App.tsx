import { Suspense, useEffect } from 'react';
import { lab } from '../store/lanes.ts';
import { openRecorded, recordedLab } from '../store/recorded.ts';
import { pin, setZoom } from '../store/view.ts';
import { TopBar } from './bar/TopBar.tsx';
import { pageOf } from './pages.ts';
import { Announcer } from './states/Announcer.tsx';
import { Boundary } from './states/Boundary.tsx';
import { KeptLine } from './states/KeptLine.tsx';
import { NoWebGPU } from './states/NoWebGPU.tsx';
import { Question } from './states/Question.tsx';
import { LabContext, useShownLab, useView } from './useStore.ts';

/** The bar, and the page that the address names. */
export function App() {
  const shown = useShownLab();
  useEffect(() => {
    if (shown !== recordedLab) return;
    pin(null);
    setZoom(null);
    void openRecorded(lab.getState().preset, document.baseURI);
  }, [shown]);
  const page = useView((state) => state.page);
  const { Component, title } = pageOf[page];
  return (
    <LabContext value={shown}>
      <TopBar />
      <Announcer />
      {page === 'lab' && shown === recordedLab ? <NoWebGPU /> : null}
      {page === 'lab' ? <KeptLine /> : null}
      <Boundary key={page} what={title}>
        <Suspense fallback={<main className="loading" aria-busy="true" />}>
          <Component />
        </Suspense>
      </Boundary>
      <Question />
    </LabContext>
  );
}
