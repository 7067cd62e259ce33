/** A checkpoint that a folder holds, in the order of their taking. */
export interface Held {
  readonly name: string;
  /** Names of others without which no run goes on from it. */
  readonly needs: readonly string[];
  readonly bytes: number;
  /** Whether a run can be forked there; others are there because they are needed. */
  readonly forks: boolean;
}

/**
 * Checkpoints of a run to be let go: all that nothing needs where none are kept to be forked from; else, while they
 * take too much, every second, then every fourth and so on, the oldest first.
 * @param needed names of those that stay whatever they take
 */
export function superfluous(
  all: readonly Held[],
  needed: ReadonlySet<string>,
  forkableBytes: number,
): readonly string[] {
  const known = new Map(all.map((one) => [one.name, one]));
  const withNeeds = (names: readonly string[]): ReadonlySet<string> =>
    new Set([...needed, ...names.flatMap((name) => [name, ...(known.get(name)?.needs ?? [])])]);
  const bytesOf = (names: ReadonlySet<string>): number =>
    all.reduce((sum, { name, bytes }) => sum + (names.has(name) ? bytes : 0), 0);
  const stay = all.filter(({ forks }) => forks).map(({ name }) => name);
  // The first is where the run began: it goes last.
  for (let at = 1; stay.length > 0 && bytesOf(withNeeds(stay)) > forkableBytes; at++) {
    if (at >= stay.length) at = Math.min(1, stay.length - 1);
    stay.splice(at, 1);
  }
  const stays = withNeeds(stay);
  return all.flatMap(({ name }) => (stays.has(name) ? [] : [name]));
}

/** What stays of a run whatever it takes: its newest two checkpoints, with what they need. @param newest its name */
export function alwaysKept(all: readonly Held[], newest: string): ReadonlySet<string> {
  const before = all.filter(({ name }) => name !== newest).slice(-1);
  const two = [...all.filter(({ name }) => name === newest), ...before];
  return new Set(two.flatMap(({ name, needs }) => [name, ...needs]));
}

/** Which checkpoints go once a further one is there that takes as much as the newest: to be said before it happens. */
export function goingNext(all: readonly Held[], forkableBytes: number): readonly string[] {
  const newest = all.at(-1);
  if (newest === undefined) return [];
  const next = { ...newest, name: '', forks: true };
  const then = [...all, next];
  return superfluous(then, alwaysKept(then, next.name), forkableBytes);
}
