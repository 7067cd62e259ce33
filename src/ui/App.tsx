import { Suspense } from 'react';
import { TopBar } from './bar/TopBar.tsx';
import { pageOf } from './pages.ts';
import { Announcer } from './states/Announcer.tsx';
import { useView } from './useStore.ts';

/** The bar, and the page that the address names. */
export function App() {
  const { Component } = pageOf[useView((state) => state.page)];
  return (
    <>
      <TopBar />
      <Announcer />
      <Suspense fallback={<main className="loading" aria-busy="true" />}>
        <Component />
      </Suspense>
    </>
  );
}
