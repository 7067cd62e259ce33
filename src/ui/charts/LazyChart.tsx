import { createElement, useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { inTurn } from '../inTurn.ts';
import { loadPart } from '../lazily.ts';
import type { LiveChartProps } from './LiveChart.tsx';

type LiveChart = (typeof import('./LiveChart.tsx'))['LiveChart'];

/** The live chart: loaded once the page stands, as it is half of all the page loads, and shown one by one. */
export function LazyChart(props: LiveChartProps) {
  const [loaded, setLoaded] = useState<LiveChart | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  useEffect(() => {
    let withdraw: (() => void) | null = null;
    let gone = false;
    loadPart(() => import('./LiveChart.tsx')).then(
      ({ LiveChart }) => {
        if (gone) return;
        withdraw = inTurn(() => {
          flushSync(() => {
            setLoaded(() => LiveChart);
          });
        });
      },
      (error: unknown) => {
        setFailure(error instanceof Error ? error : new Error(String(error)));
      },
    );
    return () => {
      gone = true;
      withdraw?.();
    };
  }, []);
  if (failure !== null) throw failure;
  return loaded === null ? null : createElement(loaded, props);
}
