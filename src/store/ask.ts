import { send } from './connection.ts';
import type { Kept } from './keptState.ts';
import { type Answer, type Asked, type Lane, lab, stepOf } from './lanes.ts';

/** What becomes of what lanes have made, beside a way to make it again. */
interface Besides {
  /** What can be done instead. */
  readonly others?: readonly Answer[];
  /** See `Asked`. */
  readonly stays?: boolean;
}

/**
 * Does what would end the course of some lanes, after a question where they have made steps. The run pauses meanwhile.
 */
export function agreeing(
  what: string,
  lost: readonly Lane[],
  answer: Answer,
  { others = [], stays = false }: Besides = {},
): void {
  const { state, asked } = lab.getState();
  if (lost.length === 0) {
    answer.act();
    return;
  }
  const training = state === 'training';
  if (training) send({ type: 'pause' });
  const paused = training || asked?.paused === true;
  lab.setState({
    asked: { what, lost: lost.map(({ id }) => id), stays, answers: [...others, answer], paused },
  });
}

/**
 * What the answer to a question costs, as things stand: steps may still come in, and runs cease to be kept.
 * @param safe whether runs are kept: 'idle' while none was yet
 * @param inFile whether a file has all that was measured
 */
export function costOf(
  { lost, stays, answers }: Asked,
  lanes: readonly Lane[],
  safe: Kept['state'],
  inFile: boolean,
): string {
  const whose = lanes.filter(({ id }) => lost.includes(id));
  const most = Math.max(0, ...whose.map(stepOf));
  const steps = most === 1 ? 'one step' : `${most} steps`;
  const of = whose.length === lanes.length ? 'every lane' : whose.map(({ name }) => name).join(', ');
  const label = answers.at(-1)?.label ?? '';
  if (stays && safe === 'kept') {
    const stay = `${most === 1 ? 'stays' : 'stay'} on the page Runs, to be opened and trained on`;
    return `“${label}” ends this run. The ${steps} made so far of ${of} ${stay}.`;
  }
  const others = answers.flatMap((other) => {
    if (other.from === undefined) return [];
    return other.from < most
      ? ` “${other.label}” discards what came after step ${other.from}.`
      : ` “${other.label}” keeps them.`;
  });
  const file = inFile ? ' Their metrics are in the file you exported.' : '';
  const denied = stays && safe === 'stopped' ? ' They are not kept.' : '';
  return `“${label}” discards the ${steps} made so far of ${of}.${others.join('')}${file}${denied}`;
}

/** The reader answered; what was asked for unless said. */
export function agree(answer = lab.getState().asked?.answers.at(-1)): void {
  const { asked } = lab.getState();
  if (asked === null || answer === undefined) return;
  lab.setState({ asked: null });
  answer.act();
  if (answer.goesOn && asked.paused) send({ type: 'train' });
}

/** The reader keeps everything as it was: a run that the question paused goes on. */
export function decline(): void {
  const { asked } = lab.getState();
  lab.setState({ asked: null });
  if (asked?.paused === true) send({ type: 'train' });
}
