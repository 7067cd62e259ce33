import { Suspense } from 'react';
import { TopBar } from './bar/TopBar.tsx';
import { pageOf } from './pages.ts';
import { Announcer } from './states/Announcer.tsx';
import { Boundary } from './states/Boundary.tsx';
import { Question } from './states/Question.tsx';
import { useView } from './useStore.ts';

/** The bar, and the page that the address names. */
export function App() {
  const page = useView((state) => state.page);
  const { Component, title } = pageOf[page];
  return (
    <>
      <TopBar />
      <Announcer />
      <Boundary key={page} what={title}>
        <Suspense fallback={<main className="loading" aria-busy="true" />}>
          <Component />
        </Suspense>
      </Boundary>
      <Question />
    </>
  );
}
