const queue = new Set<() => void>();

/**
 * Runs `work` in a task of its own, after what asked before it: what is drawn piece by piece leaves the page time to
 * answer in between. Returns how to withdraw it.
 */
export function inTurn(work: () => void): () => void {
  if (queue.size === 0) setTimeout(next, 0);
  queue.add(work);
  return () => {
    queue.delete(work);
  };
}

function next(): void {
  const [work] = queue;
  if (work === undefined) return;
  queue.delete(work);
  if (queue.size > 0) setTimeout(next, 0);
  work();
}
