import { send } from './connection.ts';
import { type Answer, type Lane, lab, stepOf } from './lanes.ts';

/**
 * Does what would discard the steps of some lanes, after a question where there are any. The run pauses meanwhile: what
 * the question says of its steps stays true.
 * @param others what can be done instead
 */
export function agreeing(
  what: string,
  lost: readonly Lane[],
  answer: Answer,
  others: readonly Answer[] = [],
): void {
  const { state, lanes, asked } = lab.getState();
  if (lost.length === 0) {
    answer.act();
    return;
  }
  const training = state === 'training';
  if (training) send({ type: 'pause' });
  const steps = Math.max(...lost.map(stepOf));
  const whose = lost.length === lanes.length ? 'every lane' : lost.map(({ name }) => name).join(', ');
  const cost = `“${answer.label}” discards the ${steps === 1 ? 'one step' : `${steps} steps`} made so far of ${whose}.`;
  lab.setState({
    asked: { what, cost, answers: [...others, answer], paused: training || asked?.paused === true },
  });
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
