import { type ComponentType, lazy } from 'react';
import type { Page } from '../store/view.ts';
import { Lab } from './Lab.tsx';

/** What each page is called in the navigation and what draws it; pages but the first are loaded when asked for. */
export const pageOf: Readonly<Record<Page, { readonly title: string; readonly Component: ComponentType }>> = {
  lab: { title: 'Lab', Component: Lab },
  watch: {
    title: 'Watch',
    Component: lazy(() => import('./watch/Watch.tsx').then(({ Watch }) => ({ default: Watch }))),
  },
  guide: {
    title: 'Guide',
    Component: lazy(() => import('./guide/Guide.tsx').then(({ Guide }) => ({ default: Guide }))),
  },
};
