import type { Range } from '../bench/frozenPrice.ts';

/** 0.042 → "0.042 s", 3.16 → "3.2 s", 83 → "1:23 min" */
function timeWords(seconds: number): string {
  if (seconds < 60) return `${seconds < 1 ? seconds.toPrecision(2) : seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const pad = (n: number) => String(n).padStart(2, '0');
  return hours > 0
    ? `${String(hours)}:${pad(minutes)}:${pad(whole % 60)} h`
    : `${String(minutes)}:${pad(whole % 60)} min`;
}

/** "2.1 s to 3.4 s" */
export function rangeWords({ low, high }: Range): string {
  const [from, to] = [timeWords(low), timeWords(high)];
  return from === to ? `About ${to}` : `${from} to ${to}`;
}

/** How far a time is from what was measured before, as the end of a sentence. */
export function missWords(seconds: number, measured: Range): string {
  const said = `measured before: ${rangeWords(measured).toLowerCase()} for as many`;
  const { low, high } = measured;
  if (seconds >= low && seconds <= high) return `${said}, as it was`;
  const [beyond, word] = seconds > high ? [seconds / high - 1, 'longer'] : [1 - seconds / low, 'shorter'];
  return `${said}, it took ${String(Math.round(100 * beyond))} % ${word}`;
}
