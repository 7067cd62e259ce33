/** sysexits.h EX_TEMPFAIL: what schedulers take for "start it again". */
export const startAgain = 75;

/**
 * Signals let the step under way end, so that a record ends with a summary, or a run that is kept with a checkpoint;
 * the second one ends at once.
 * @param statuses exit status by signal
 * @param heard called when the first has come
 * @returns what tells the exit status, null before one has come
 */
export function listenForEnd(
  statuses: Partial<Record<NodeJS.Signals, number>>,
  heard: () => void = () => undefined,
): () => number | null {
  let ending: number | null = null;
  for (const [signal, status] of Object.entries(statuses)) {
    process.on(signal, () => {
      if (ending !== null) process.exit(status);
      ending = status;
      heard();
    });
  }
  return () => ending;
}
