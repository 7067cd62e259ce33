/** A sampled completion as a trainer's files have it. */
export interface Completion {
  readonly step: number;
  readonly prompt: string;
  readonly completion: string;
  /** What the file itself says the answer is; undefined where it says nothing. */
  readonly answer?: string | null;
  /** By the names of the reward functions; a function that said nothing is absent. */
  readonly rewards: Readonly<Record<string, number>>;
  /** The whole reward; NaN where the file doesn't say, or more functions than one speak. */
  readonly reward: number;
  /** NaN where the file doesn't say. */
  readonly advantage: number;
}

/** Names that a whole reward has. */
const whole = ['reward', 'score'];

/** What no reward function is called in files of completions. */
const others = new Set(['step', 'index', 'acc', 'advantage', '__index_level_0__', 'uid', 'num_turns']);

/** The text of a message, or the last of a list of them, as trainers of conversations write it. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) {
    const texts = value.map(textOf).filter((text) => text !== null);
    return texts.length === 0 ? null : texts.join('\n');
  }
  if (typeof value === 'object' && value !== null && 'content' in value) return textOf(value.content);
  return null;
}

/**
 * A record as a completion; null where it is none. @param record with `step`, `prompt` or verl's `input`, `completion`
 * or verl's `output`, and numbers, which are rewards
 */
export function completionOf(record: Readonly<Record<string, unknown>>): Completion | null {
  const step = Number(record.step);
  const prompt = textOf(record.prompt ?? record.input);
  const completion = textOf(record.completion ?? record.output ?? record.response);
  if (prompt === null || completion === null || !Number.isSafeInteger(step) || step < 0) return null;
  const numbers = Object.entries(record).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && !others.has(entry[0]),
  );
  const named = whole.find((name) => typeof record[name] === 'number');
  const rewards = Object.fromEntries(numbers.filter(([name]) => !whole.includes(name)));
  const only = numbers.length === 1 ? (numbers[0]?.[1] ?? NaN) : NaN;
  const { answer, advantage } = record;
  return {
    step,
    prompt,
    completion,
    ...(typeof answer === 'string' || answer === null ? { answer } : {}),
    rewards,
    reward: named === undefined ? only : Number(record[named]),
    advantage: typeof advantage === 'number' ? advantage : NaN,
  };
}
