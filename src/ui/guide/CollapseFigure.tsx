import { useState } from 'react';
import { collapsedBelow, summarise } from '../../diagnostics/collapse.ts';
import { Slider } from './figures.tsx';
import { runsOf } from './runs.ts';

/** A committed run of SRT, judged by diagnostics/collapse as far as the slider goes. */
export function CollapseFigure() {
  const run = runsOf('duel').runs.find(({ lane, seed }) => lane === 'SRT' && seed === 1);
  const last = run?.curve.at(-1)?.[0] ?? 0;
  const [until, setUntil] = useState(last);
  if (run === undefined) return null;
  const seen = run.curve.filter(([step]) => step <= until);
  const summary = summarise(seen.map(([step, sampled]) => ({ step, sampled })));
  const x = (step: number): number => (step / last) * 312 + 4;
  const y = (value: number): number => 78 - 72 * value;
  return (
    <div className="guide-figure">
      <Slider
        label="Until step"
        min={0}
        max={last}
        step={10}
        value={until}
        shown={String(until)}
        onChange={setUntil}
      />
      <svg viewBox="0 0 320 84" role="img" aria-label="Sampled accuracy of a run of SRT">
        <line className="axis" x1="4" x2="316" y1="78" y2="78" />
        {summary === null ? null : (
          <>
            <line
              className="threshold"
              x1="4"
              x2="316"
              y1={y(collapsedBelow(summary.peak))}
              y2={y(collapsedBelow(summary.peak))}
            />
            <circle className="better" cx={x(summary.peakStep)} cy={y(summary.peak)} r="3.5" />
          </>
        )}
        <path
          className="line"
          d={`M${seen.map(([step, sampled]) => `${x(step)} ${y(sampled)}`).join('L')}`}
        />
      </svg>
      <output>
        {summary === null
          ? ''
          : `Peak ${summary.peak.toFixed(2)} at step ${summary.peakStep}, now ${summary.final.toFixed(2)}: ${
              summary.collapseStep === null
                ? 'not collapsed so far'
                : `collapsed at step ${summary.collapseStep}`
            }. SRT on the duel, seed 1.`}
      </output>
    </div>
  );
}
