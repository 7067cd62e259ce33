/** A stretch of steps, both ends shown. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What of a view a link carries, behind the page's name in the fragment. */
export interface Look {
  /** The step that the timeline was set to; the cursor returns to it when the pointer leaves a chart. */
  readonly pinned: number | null;
  /** The steps that all charts show; null: all there are. */
  readonly zoom: Span | null;
  /** Whether what only labels can tell is out of sight. */
  readonly truthHidden: boolean;
  /** Whether the page is shown to a room: few panels in big type. */
  readonly presenting: boolean;
}

/** The page as it is looked at when nothing else is said. */
export const plainLook: Look = { pinned: null, zoom: null, truthHidden: false, presenting: false };

/** `present/step=120/zoom=40-200/hide=truth`; empty for a plain look. */
export function encodeLook({ pinned, zoom, truthHidden, presenting }: Look): string {
  return [
    ...(presenting ? ['present'] : []),
    ...(pinned === null ? [] : [`step=${String(pinned)}`]),
    ...(zoom === null ? [] : [`zoom=${String(zoom.from)}-${String(zoom.to)}`]),
    ...(truthHidden ? ['hide=truth'] : []),
  ].join('/');
}

/** The inverse of `encodeLook`. A look is no setting: of nonsense in it nothing but itself is lost, so it is passed over. */
export function decodeLook(text: string): Look {
  const parts = text.split('/');
  const valueOf = (key: string): string | undefined =>
    parts.find((part) => part.startsWith(`${key}=`))?.slice(key.length + 1);
  return {
    presenting: parts.includes('present'),
    pinned: stepOf(valueOf('step')),
    zoom: spanOf(valueOf('zoom')),
    truthHidden: valueOf('hide') === 'truth',
  };
}

function stepOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,7}$/.test(text) ? Number(text) : null;
}

function spanOf(text: string | undefined): Span | null {
  const [from = null, to = null] = (text ?? '').split('-').map(stepOf);
  return from !== null && to !== null && from < to ? { from, to } : null;
}
