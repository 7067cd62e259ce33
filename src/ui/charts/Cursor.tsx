import type { Lane, Mark } from '../../store/lanes.ts';
import type { Span } from '../../store/view.ts';
import { useView } from '../useStore.ts';
import { notesAt } from './notes.ts';
import { pixelOfStep } from './plot.ts';
import type { Size } from './useSize.ts';

interface Props {
  readonly size: Size;
  readonly shown: Span;
  readonly lanes: readonly Lane[];
  readonly marks: readonly Mark[];
}

/** The cursor's line in one chart, with what happened there, if anything. */
export function Cursor({ size, shown, lanes, marks }: Props) {
  const cursor = useView((state) => state.cursor);
  if (cursor === null || cursor < shown.from || cursor > shown.to) return null;
  const left = pixelOfStep(cursor, shown, size.width);
  const notes = notesAt(cursor, lanes, marks, shown);
  return (
    <>
      <div className="cursor" style={{ transform: `translateX(${left}px)` }}>
        <span className="cursor-step">{cursor}</span>
      </div>
      {notes.length === 0 ? null : (
        <ul className="cursor-note">
          {notes.map(({ text }) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
    </>
  );
}
