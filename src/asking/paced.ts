/** Does something at most so often. @param now milliseconds */
export function paced(now: () => number, everyMs: number): (what: () => void) => void {
  let last = -Infinity;
  return (what) => {
    const at = now();
    if (at - last < everyMs) return;
    last = at;
    what();
  };
}
