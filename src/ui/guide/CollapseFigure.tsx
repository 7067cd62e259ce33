import { useState } from 'react';
import { collapsedBelow, summarise } from '../../diagnostics/collapse.ts';
import { evaluationsOf } from '../../experiments/reduced.ts';
import { Slider } from './figures.tsx';
import { Axes, type Box, xOf, yOf } from './Axes.tsx';
import { measured } from './runs.ts';

const curve = evaluationsOf(
  measured('duel').runs.find(({ name, settings }) => name === 'SRT' && settings.seed === 1) ?? { rows: [] },
);

const box: Box = { left: 22, right: 316, top: 12, bottom: 96 };

/** A committed run of SRT, judged by diagnostics/collapse as far as the slider goes. */
export function CollapseFigure() {
  const last = curve.at(-1)?.step ?? 0;
  const [until, setUntil] = useState(last);
  const seen = curve.filter(({ step }) => step <= until);
  const summary = summarise(seen);
  const x = (step: number): number => xOf(box, step, last);
  const y = (value: number): number => yOf(box, value);
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
      <svg viewBox="0 0 320 110" role="img" aria-label="Sampled accuracy of a run of SRT">
        <Axes box={box} last={last} />
        {summary === null ? null : (
          <>
            <line
              className="threshold"
              x1={box.left}
              x2={box.right}
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
