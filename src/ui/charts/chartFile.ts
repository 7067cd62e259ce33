import { formatTick } from '../format.ts';
import { pathOf } from './curves.ts';
import { strokes } from './dash.ts';
import { pixelOfStep, plotMargin, valueScale } from './plot.ts';
import type { Sheet } from './sheet.ts';
import { canvasPen, type Pen, SvgPen } from './svgPen.ts';

/** Of the axes and what is in them; words take what they need above and below. */
const [width, plotHeight] = [720, 338];
const [side, row] = [12, 16];
/** Notes written below the axes at most, the earliest; the others are counted. */
const mostNotes = 8;
const [plain, small] = ['11px system-ui, sans-serif', '10px system-ui, sans-serif'];

/** Something in a line of words: how wide it is, and how it is drawn with its left end on a baseline. */
interface Piece {
  readonly width: number;
  readonly draw: (x: number, y: number) => void;
}

/** A chart as a PNG at twice the size, in the colours of the page, with all that is needed to read it elsewhere. */
export async function pngOf(sheet: Sheet): Promise<Blob> {
  const canvas = document.createElement('canvas');
  const g = contextOf(canvas);
  const pen = canvasPen(g);
  const layout = layoutOf(pen, sheet);
  canvas.width = 2 * width;
  canvas.height = 2 * layout.height;
  g.scale(2, 2);
  drawSheet(pen, sheet, layout);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error('the picture could not be made'));
      else resolve(blob);
    }, 'image/png');
  });
}

/** The same as an SVG file, which stays sharp at any size and can be edited. */
export function svgOf(sheet: Sheet): Blob {
  const g = contextOf(document.createElement('canvas'));
  const pen = new SvgPen((words, font) => {
    g.font = font;
    return g.measureText(words);
  });
  const layout = layoutOf(pen, sheet);
  drawSheet(pen, sheet, layout);
  return new Blob([pen.file(width, layout.height)], { type: 'image/svg+xml' });
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const g = canvas.getContext('2d');
  if (g === null) throw new Error('this browser has no canvas');
  return g;
}

/** Lines of words above and below the axes, and how high all of it is. */
function layoutOf(g: Pen, sheet: Sheet) {
  g.font = plain;
  const rows = [lanePieces(g, sheet), ...sheet.legend.map((line) => [legendPieces(g, sheet, line)])].flatMap(
    (pieces) => wrapped(pieces),
  );
  const head = 26 + row * (sheet.about.length + rows.length) + 8;
  const notes = sheet.notes.slice(0, mostNotes);
  const left = sheet.notes.length - notes.length;
  const foot = row * (notes.length + (left > 0 ? 1 : 0) + 1) + 6;
  return { rows, head, notes, left, height: head + plotHeight + foot };
}

function drawSheet(g: Pen, sheet: Sheet, layout: ReturnType<typeof layoutOf>): void {
  const { rows, head, notes, left, height } = layout;
  g.fillStyle = colour('pane');
  g.fillRect(0, 0, width, height);
  g.fillStyle = colour('ink');
  g.font = '600 14px system-ui, sans-serif';
  g.fillText(sheet.title, side, 20);
  g.font = plain;
  g.fillStyle = colour('dim');
  sheet.about.forEach((words, at) => {
    g.fillText(words, side, 20 + row * (at + 1));
  });
  rows.forEach((pieces, at) => {
    let x = side;
    for (const piece of pieces) {
      piece.draw(x, 24 + row * (sheet.about.length + at + 1));
      x += piece.width;
    }
  });
  g.save();
  g.translate(0, head);
  drawPlot(g, sheet);
  g.restore();
  g.font = plain;
  g.fillStyle = colour('dim');
  const below = [...notes.map(({ text }) => text), ...(left > 0 ? [`and ${String(left)} more`] : [])];
  [...below, sheet.source].forEach((words, at) => {
    g.fillText(words, side, head + plotHeight + row * (at + 1) - 2, width - 2 * side);
  });
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Which colour is which lane. */
function lanePieces(g: Pen, { lanes }: Sheet): Piece[] {
  return lanes.map(({ name, slot }) => ({
    width: 30 + g.measureText(name).width,
    draw: (x, y) => {
      g.fillStyle = colour(`lane-${String(slot)}`);
      g.fillRect(x, y - 8, 9, 9);
      g.fillText(name, x + 13, y);
    },
  }));
}

/** Which stroke is which line, and its value in each lane. */
function legendPieces(g: Pen, { lanes }: Sheet, { short, dash, values }: Sheet['legend'][number]): Piece {
  const gap = 6;
  const of = (words: string): number => g.measureText(words).width + gap;
  return {
    width: 32 + of(short) + values.reduce((sum, value) => sum + of(value), 0),
    draw: (x, y) => {
      g.strokeStyle = g.fillStyle = colour('dim');
      g.lineWidth = 1.5;
      g.setLineDash(dashOf(dash));
      g.beginPath();
      g.moveTo(x, y - 4);
      g.lineTo(x + 24, y - 4);
      g.stroke();
      g.setLineDash([]);
      g.fillText(short, x + 30, y);
      let at = x + 30 + of(short);
      values.forEach((value, lane) => {
        g.fillStyle = colour(`lane-${String(lanes[lane]?.slot ?? 0)}`);
        g.fillText(value, at, y);
        at += of(value);
      });
    },
  };
}

/** Pieces one after another, in as many lines as they need. */
function wrapped(pieces: readonly Piece[]): Piece[][] {
  const lines: Piece[][] = [];
  let x = Infinity;
  for (const piece of pieces) {
    if (x + piece.width > width - side) {
      lines.push([]);
      x = side;
    }
    lines.at(-1)?.push(piece);
    x += piece.width;
  }
  return lines;
}

function drawPlot(g: Pen, { steps, values, zones, curves, notes }: Sheet): void {
  const [from, to] = steps.domain;
  const x = (step: number): number => pixelOfStep(step, { from, to }, width);
  const y = valueScale(values, plotHeight);
  const [right, bottom] = [width - plotMargin.right, plotHeight - plotMargin.bottom];
  g.font = small;
  g.strokeStyle = colour('hair');
  g.fillStyle = colour('dim');
  g.lineWidth = 1;
  for (const tick of values.ticks) {
    g.beginPath();
    g.moveTo(plotMargin.left, y(tick));
    g.lineTo(right, y(tick));
    g.stroke();
    g.textAlign = 'right';
    g.fillText(formatTick(tick), plotMargin.left - 4, y(tick) + 3);
  }
  g.textAlign = 'center';
  for (const tick of steps.ticks) g.fillText(String(tick), x(tick), plotHeight - 6);
  g.textAlign = 'left';
  g.beginPath();
  g.rect(plotMargin.left, 0, right - plotMargin.left, bottom + 1);
  g.clip();
  for (const { from: low, to: high, tone } of zones) {
    g.fillStyle = colour(tone);
    g.globalAlpha = 0.08;
    g.fillRect(plotMargin.left, y(high), right - plotMargin.left, y(low) - y(high));
  }
  for (const curve of curves) {
    const path = pathOf(curve, x, y);
    g.strokeStyle = g.fillStyle = colour(`lane-${String(curve.slot)}`);
    g.globalAlpha = curve.kind === 'band' ? 0.14 : curve.faint ? 0.25 : 1;
    if (curve.kind === 'band') g.trace(path, 'fill');
    else {
      g.lineWidth = 1.5;
      g.setLineDash(dashOf(curve.dash));
      g.trace(path, 'stroke');
    }
  }
  g.globalAlpha = 0.8;
  g.lineWidth = 1;
  g.setLineDash([2, 2]);
  for (const { step, slot } of notes) {
    g.strokeStyle = colour(slot === null ? 'dim' : `lane-${String(slot)}`);
    g.beginPath();
    g.moveTo(x(step), plotMargin.top);
    g.lineTo(x(step), bottom);
    g.stroke();
  }
  g.setLineDash([]);
  g.globalAlpha = 1;
}

function dashOf(dash: keyof typeof strokes): number[] {
  return strokes[dash].split(' ').filter(Boolean).map(Number);
}
