import type { RunSetup } from '../experiments/declaration.ts';
import { readResult } from './experimentFiles.ts';
import type { TaskReport } from './experimentTask.ts';
import { describe } from './runLane.ts';

/** Lines for people: how each run ended. */
export function plainReport(name: string, setups: readonly RunSetup[], folder: string): TaskReport {
  const all = setups.length;
  let [there, made] = [0, 0];
  let told = false;
  const thereNow = (): void => {
    if (told || there === 0) return;
    told = true;
    console.log(`${name}: ${there} of ${all} runs are there.`);
  };
  return {
    there: () => {
      there++;
      if (there === all) thereNow();
    },
    progress: () => {
      thereNow();
    },
    done: (setup) => {
      made++;
      const { summary = null } = readResult(setup, folder) ?? {};
      const { seed } = setup.settings;
      const ended = summary === null ? 'no summary' : describe(setup.name, seed, summary);
      console.log(`${name}, ${there + made} of ${all}: ${ended}`);
    },
    note: (sentence) => {
      console.error(sentence);
    },
  };
}

/** Milliseconds between two lines of progress. */
const pause = 5000;

/**
 * JSON lines for programs: `{"type": "there" | "progress" | "done" | "note", …}`; progress says steps done of how many and
 * an estimate of the seconds left for all runs of the task.
 */
export function jsonReport(setups: readonly RunSetup[]): TaskReport {
  const stepsIn = ({ settings }: RunSetup): number => settings.steps;
  let left = setups.reduce((sum, setup) => sum + stepsIn(setup), 0);
  const began = performance.now();
  let [done, last, first] = [0, -Infinity, null as number | null];
  const say = (type: string, entries: object): void => {
    console.log(JSON.stringify({ type, ...entries }));
  };
  const of = ({ index, name, settings }: RunSetup): object => ({ index, lane: name, seed: settings.seed });
  return {
    there: (setup) => {
      left -= stepsIn(setup);
      say('there', of(setup));
    },
    progress: (setup, { step = 0 }) => {
      // What a checkpoint held was not computed here.
      first ??= step;
      const now = performance.now();
      const computed = done + step - first;
      if (now - last < pause && step < stepsIn(setup)) return;
      last = now;
      const secondsLeft =
        computed === 0 ? null : Math.round((((now - began) / computed) * (left - step)) / 1000);
      say('progress', { ...of(setup), step, steps: stepsIn(setup), secondsLeft });
    },
    done: (setup) => {
      left -= stepsIn(setup);
      done += stepsIn(setup) - (first ?? 0);
      first = null;
      say('done', of(setup));
    },
    note: (sentence) => {
      say('note', { sentence });
    },
  };
}
