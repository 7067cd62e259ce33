import { markup } from '../../records/markup.ts';

/** What a chart is drawn with: what a canvas has of it, and curves by their SVG paths. */
export type Pen = Pick<
  CanvasRenderingContext2D,
  | 'fillStyle'
  | 'strokeStyle'
  | 'lineWidth'
  | 'globalAlpha'
  | 'textAlign'
  | 'font'
  | 'measureText'
  | 'fillRect'
  | 'fillText'
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'rect'
  | 'stroke'
  | 'clip'
  | 'save'
  | 'restore'
  | 'translate'
  | 'setLineDash'
> & {
  readonly trace: (path: string, how: 'fill' | 'stroke') => void;
};

/** A pen of a canvas. */
export function canvasPen(g: CanvasRenderingContext2D): Pen {
  return Object.assign(g, {
    trace: (path: string, how: 'fill' | 'stroke') => {
      g[how](new Path2D(path));
    },
  });
}

const anchors: Partial<Record<CanvasTextAlign, string>> = { right: 'end', center: 'middle' };

/** A pen that writes SVG: text stays text, and curves can be scaled and edited. */
export class SvgPen implements Pen {
  fillStyle = '';
  strokeStyle = '';
  lineWidth = 1;
  globalAlpha = 1;
  textAlign: CanvasTextAlign = 'left';
  font = '';
  readonly #measure: (words: string, font: string) => TextMetrics;
  readonly #parts: string[] = [];
  #path = '';
  #rect = '';
  #dash: readonly number[] = [];
  /** Groups that were opened since each `save`. */
  readonly #open: number[] = [0];

  /** @param measure how much room words take in a font */
  constructor(measure: (words: string, font: string) => TextMetrics) {
    this.#measure = measure;
  }

  /** The drawing. @param width of it, in pixels */
  file(width: number, height: number): string {
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">\n${this.#parts.join('\n')}\n</svg>\n`;
  }

  measureText(words: string): TextMetrics {
    return this.#measure(words, this.font);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    // A canvas takes a negative height, upwards.
    const [top, size] = [Math.min(y, y + height), Math.abs(height)];
    this.#parts.push(`<rect ${box(x, top, width, size)} fill="${this.fillStyle}"${this.#alpha()}/>`);
  }

  fillText(words: string, x: number, y: number, most = Infinity): void {
    const anchor = anchors[this.textAlign];
    const narrowed =
      this.measureText(words).width > most ? ` textLength="${n(most)}" lengthAdjust="spacingAndGlyphs"` : '';
    this.#parts.push(
      `<text x="${n(x)}" y="${n(y)}" fill="${this.fillStyle}" style="font:${this.font}"` +
        (anchor === undefined ? '' : ` text-anchor="${anchor}"`) +
        `${narrowed}${this.#alpha()}>${markup(words)}</text>`,
    );
  }

  beginPath(): void {
    this.#path = '';
  }

  moveTo(x: number, y: number): void {
    this.#path += `M${n(x)} ${n(y)}`;
  }

  lineTo(x: number, y: number): void {
    this.#path += `L${n(x)} ${n(y)}`;
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.#rect = box(x, y, width, height);
  }

  stroke(): void {
    this.trace(this.#path, 'stroke');
  }

  /** To the rectangle that was named last; once in a drawing. */
  clip(): void {
    this.#parts.push(`<clipPath id="plot"><rect ${this.#rect}/></clipPath>`);
    this.#group('clip-path="url(#plot)"');
  }

  save(): void {
    this.#open.push(0);
  }

  restore(): void {
    this.#parts.push('</g>'.repeat(this.#open.pop() ?? 0));
  }

  translate(x: number, y: number): void {
    this.#group(`transform="translate(${n(x)} ${n(y)})"`);
  }

  setLineDash(dash: readonly number[]): void {
    this.#dash = dash;
  }

  trace(path: string, how: 'fill' | 'stroke'): void {
    const dash = this.#dash.length === 0 ? '' : ` stroke-dasharray="${this.#dash.join(' ')}"`;
    const drawn =
      how === 'fill'
        ? `fill="${this.fillStyle}"`
        : `fill="none" stroke="${this.strokeStyle}" stroke-width="${n(this.lineWidth)}"${dash}`;
    this.#parts.push(`<path d="${path}" ${drawn}${this.#alpha()}/>`);
  }

  #group(attributes: string): void {
    this.#parts.push(`<g ${attributes}>`);
    this.#open.push((this.#open.pop() ?? 0) + 1);
  }

  #alpha(): string {
    return this.globalAlpha === 1 ? '' : ` opacity="${n(this.globalAlpha)}"`;
  }
}

function n(value: number): string {
  return String(Number(value.toFixed(2)));
}

function box(x: number, y: number, width: number, height: number): string {
  return `x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}"`;
}
