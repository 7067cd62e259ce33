/** Does something at most so often, and leaves as much time in between. @param now milliseconds */
export function paced(now: () => number, everyMs: number): (what: () => void) => void {
  let last = -Infinity;
  return (what) => {
    if (now() - last < everyMs) return;
    what();
    // What takes long is not done again at once.
    last = now();
  };
}
