import { type ComponentProps, Suspense } from 'react';
import { lazily } from '../lazily.ts';

const ChartTable = lazily(() => import('./ChartTable.tsx').then((part) => part.ChartTable));

/** A chart in figures, loaded when one is asked for. */
export function LazyTable(props: ComponentProps<typeof ChartTable>) {
  return (
    <Suspense fallback={null}>
      <ChartTable {...props} />
    </Suspense>
  );
}
