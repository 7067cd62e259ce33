import { createElement, useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { inTurn } from '../inTurn.ts';
import type { LiveChartProps } from './LiveChart.tsx';

type LiveChart = (typeof import('./LiveChart.tsx'))['LiveChart'];

/** The live chart: loaded once the page stands, as it is half of all the page loads, and shown one by one. */
export function LazyChart(props: LiveChartProps) {
  const [loaded, setLoaded] = useState<LiveChart | null>(null);
  useEffect(() => {
    let withdraw: (() => void) | null = null;
    let gone = false;
    void import('./LiveChart.tsx').then(({ LiveChart }) => {
      if (gone) return;
      withdraw = inTurn(() => {
        flushSync(() => {
          setLoaded(() => LiveChart);
        });
      });
    });
    return () => {
      gone = true;
      withdraw?.();
    };
  }, []);
  return loaded === null ? null : createElement(loaded, props);
}
