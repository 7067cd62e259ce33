import type { Alarm, Lane, Mark } from '../../store/lanes.ts';
import type { Span } from '../../store/view.ts';

/** Something that happened at a step, in words. */
export interface Note {
  readonly step: number;
  readonly text: string;
}

type Noted = Pick<Lane, 'name' | 'alarms'> & { readonly status: Pick<Lane['status'], 'collapseStep'> };

/** What an alarm says of a lane. */
export function alarmText(lane: string, { step, state, reason }: Alarm): string {
  return `${lane}, ${state} at step ${step}: ${reason}`;
}

/** What a collapse says of a lane. */
export function collapseText(lane: string, step: number): string {
  return `${lane} collapsed at step ${step}`;
}

/** Share of what is shown within which the cursor is at a note. */
const reach = 0.01;
/** Most notes shown at once, the nearest first. */
const mostNotes = 3;

/** What happened at the cursor, or nearly. */
export function notesAt(
  cursor: number,
  lanes: readonly Noted[],
  marks: readonly Mark[],
  { from, to }: Span,
): readonly Note[] {
  const away = (step: number): number => Math.abs(step - cursor);
  const near = (step: number): boolean => away(step) <= reach * (to - from);
  const notes: Note[] = marks.filter(({ step }) => near(step));
  for (const { name, alarms, status } of lanes) {
    const { collapseStep } = status;
    if (collapseStep !== null && near(collapseStep)) {
      notes.push({ step: collapseStep, text: collapseText(name, collapseStep) });
    }
    const [nearest] = alarms.filter(({ step }) => near(step)).sort((a, b) => away(a.step) - away(b.step));
    if (nearest !== undefined) notes.push({ step: nearest.step, text: alarmText(name, nearest) });
  }
  return notes.sort((a, b) => away(a.step) - away(b.step)).slice(0, mostNotes);
}

/** Least pixels between two marks. */
const markGap = 4;

/** Where each mark is drawn: of several at one place every further one stands a little to the right. */
export function marksApart(marks: readonly Mark[], x: (place: number) => number): (mark: Mark) => number {
  const places = new Map<Mark, number>();
  for (const mark of [...marks].sort((a, b) => a.step - b.step)) {
    const last = [...places.values()].at(-1) ?? -Infinity;
    places.set(mark, Math.max(x(mark.step), last + markGap));
  }
  return (mark) => places.get(mark) ?? x(mark.step);
}

/** Alarms that can be told apart when drawn: of those within `gap` pixels the first, or the first of the worst. */
export function alarmsApart(
  alarms: readonly Alarm[],
  x: (step: number) => number,
  gap: number,
): readonly Alarm[] {
  const kept: Alarm[] = [];
  for (const alarm of alarms) {
    const before = kept.at(-1);
    if (before === undefined || x(alarm.step) - x(before.step) >= gap) kept.push(alarm);
    else if (alarm.state === 'warning' && before.state === 'watch') kept.splice(-1, 1, alarm);
  }
  return kept;
}
