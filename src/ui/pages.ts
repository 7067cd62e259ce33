import type { ComponentType } from 'react';
import type { Page } from '../store/view.ts';
import { lazily } from './lazily.ts';
import { Lab } from './Lab.tsx';

/** What each page is called in the navigation and what draws it; pages but the first are loaded when asked for. */
export const pageOf: Readonly<Record<Page, { readonly title: string; readonly Component: ComponentType }>> = {
  lab: { title: 'Lab', Component: Lab },
  runs: {
    title: 'Runs',
    Component: lazily(() => import('./runList/Runs.tsx').then(({ Runs }) => Runs)),
  },
  playground: {
    title: 'Playground',
    Component: lazily(() => import('./playground/Playground.tsx').then(({ Playground }) => Playground)),
  },
  model: {
    title: 'Model',
    Component: lazily(() => import('./model/Model.tsx').then(({ Model }) => Model)),
  },
  watch: {
    title: 'Watch',
    Component: lazily(() => import('./watch/Watch.tsx').then(({ Watch }) => Watch)),
  },
  guide: {
    title: 'Guide',
    Component: lazily(() => import('./guide/Guide.tsx').then(({ Guide }) => Guide)),
  },
  paper: {
    title: 'Paper',
    Component: lazily(() => import('./claims/Claims.tsx').then(({ Claims }) => Claims)),
  },
  bench: {
    title: 'Bench',
    Component: lazily(() => import('./bench/Bench.tsx').then(({ Bench }) => Bench)),
  },
};
