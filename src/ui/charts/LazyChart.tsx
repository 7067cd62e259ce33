import { createElement, useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { inTurn } from '../inTurn.ts';
import { loadPart } from '../../store/loadPart.ts';
import { isForPaper, onPaper } from '../paper.ts';
import type { LiveChartProps } from './LiveChart.tsx';

type LiveChart = (typeof import('./LiveChart.tsx'))['LiveChart'];

/** Kept for what is drawn for paper, which can't wait. */
let chart: LiveChart | null = null;

/** The live chart: loaded once the page stands, as it is half of all the page loads, and shown one by one. */
export function LazyChart(props: LiveChartProps) {
  const [loaded, setLoaded] = useState<LiveChart | null>(() => (isForPaper() ? chart : null));
  const [failure, setFailure] = useState<Error | null>(null);
  useEffect(() => {
    let withdraw: (() => void) | null = null;
    let gone = false;
    loadPart(() => import('./LiveChart.tsx')).then(
      ({ LiveChart }) => {
        chart = LiveChart;
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
    const end = onPaper(() => {
      flushSync(() => {
        setLoaded(() => chart);
      });
    });
    return () => {
      end();
      gone = true;
      withdraw?.();
    };
  }, []);
  if (failure !== null) throw failure;
  return loaded === null ? null : createElement(loaded, props);
}
