import type { Lane } from '../../store/lanes.ts';
import { shortNumber } from '../../store/describe.ts';
import { type Curve, pathOf } from './curves.ts';
import { strokes } from './dash.ts';
import { type AxisTicks, pixelOfStep, plotMargin, type ValueAxis, valueScale } from './plot.ts';

interface Picture {
  readonly title: string;
  /** "policy .31 .28" per line, in words. */
  readonly legend: readonly string[];
  readonly lanes: readonly Lane[];
  readonly curves: readonly Curve[];
  readonly steps: AxisTicks;
  readonly values: ValueAxis;
}

const [pictureWidth, pictureHeight, head] = [720, 400, 62];

/** A chart as a PNG at twice the size, in the colours of the page. */
export async function pngOf({ title, legend, lanes, curves, steps, values }: Picture): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = 2 * pictureWidth;
  canvas.height = 2 * pictureHeight;
  const g = canvas.getContext('2d');
  if (g === null) throw new Error('this browser has no canvas');
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const height = pictureHeight - head;
  const [from, to] = steps.domain;
  const x = (step: number): number => pixelOfStep(step, { from, to }, pictureWidth);
  const y = valueScale(values, height);
  g.scale(2, 2);
  g.fillStyle = colour('pane');
  g.fillRect(0, 0, pictureWidth, pictureHeight);
  g.fillStyle = colour('ink');
  g.font = '600 14px system-ui, sans-serif';
  g.fillText(title, 12, 20);
  g.font = '11px system-ui, sans-serif';
  let at = 12;
  for (const { name, slot } of lanes) {
    g.fillStyle = colour(`lane-${slot}`);
    g.fillRect(at, 30, 9, 9);
    g.fillText(name, at + 13, 38);
    at += 30 + g.measureText(name).width;
  }
  g.fillStyle = colour('dim');
  g.fillText(legend.join('   '), 12, 54);
  g.translate(0, head);
  g.strokeStyle = colour('hair');
  g.font = '10px system-ui, sans-serif';
  for (const tick of values.ticks) {
    g.beginPath();
    g.moveTo(plotMargin.left, y(tick));
    g.lineTo(pictureWidth - plotMargin.right, y(tick));
    g.stroke();
    g.textAlign = 'right';
    g.fillText(shortNumber(tick), plotMargin.left - 4, y(tick) + 3);
  }
  g.textAlign = 'center';
  for (const tick of steps.ticks) g.fillText(String(tick), x(tick), height - 6);
  g.beginPath();
  g.rect(
    plotMargin.left,
    0,
    pictureWidth - plotMargin.left - plotMargin.right,
    height - plotMargin.bottom + 1,
  );
  g.clip();
  for (const curve of curves) {
    const path = new Path2D(pathOf(curve, x, y));
    g.strokeStyle = g.fillStyle = colour(`lane-${curve.slot}`);
    g.globalAlpha = curve.kind === 'band' ? 0.14 : curve.faint ? 0.25 : 1;
    if (curve.kind === 'band') g.fill(path);
    else {
      g.lineWidth = 1.5;
      g.setLineDash(strokes[curve.dash].split(' ').filter(Boolean).map(Number));
      g.stroke(path);
    }
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error('the picture could not be made'));
      else resolve(blob);
    }, 'image/png');
  });
}
