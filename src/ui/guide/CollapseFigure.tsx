import { useState } from 'react';
import { collapsedBelow, summarise } from '../../diagnostics/collapse.ts';
import { evaluationsOf } from '../../experiments/reduced.ts';
import { Slider } from './figures.tsx';
import { measured } from './runs.ts';

const curve = evaluationsOf(
  measured('duel').runs.find(({ name, settings }) => name === 'SRT' && settings.seed === 1) ?? { rows: [] },
);

/** A committed run of SRT, judged by diagnostics/collapse as far as the slider goes. */
export function CollapseFigure() {
  const last = curve.at(-1)?.step ?? 0;
  const [until, setUntil] = useState(last);
  const seen = curve.filter(({ step }) => step <= until);
  const summary = summarise(seen);
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
          d={`M${seen.map(({ step, sampled }) => `${x(step)} ${y(sampled)}`).join('L')}`}
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
