import { Suspense, useEffect } from 'react';
import { lab } from '../store/lanes.ts';
import { openRecorded, recordedLab } from '../store/recorded.ts';
import { showAllSteps } from '../store/view.ts';
import { TopBar } from './bar/TopBar.tsx';
import { pageOf } from './pages.ts';
import { Announcer } from './states/Announcer.tsx';
import { Boundary } from './states/Boundary.tsx';
import { KeptLine } from './states/KeptLine.tsx';
import { NoWebGPU } from './states/NoWebGPU.tsx';
import { Question } from './states/Question.tsx';
import { Notices } from './states/Stage.tsx';
import { LabContext, useShownLab, useView } from './useStore.ts';

/** The bar, and the page that the address names. */
export function App() {
  const shown = useShownLab();
  useEffect(() => {
    if (shown !== recordedLab) return;
    showAllSteps();
    void openRecorded(lab.getState().preset, document.baseURI);
  }, [shown]);
  const page = useView((state) => state.page);
  const { Component, title } = pageOf[page];
  return (
    <LabContext value={shown}>
      <Boundary what="The bar">
        <TopBar />
        <Announcer />
      </Boundary>
      {page === 'lab' ? (
        <Boundary what="What is kept">
          {shown === recordedLab ? <NoWebGPU /> : null}
          <KeptLine />
        </Boundary>
      ) : (
        <Notices />
      )}
      <Boundary key={page} what={title}>
        <Suspense fallback={<main className="loading" aria-busy="true" />}>
          <Component />
        </Suspense>
      </Boundary>
      <Boundary what="The question">
        <Question />
      </Boundary>
    </LabContext>
  );
}
