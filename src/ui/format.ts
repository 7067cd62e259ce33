import { withMinus } from '../lib/minus.ts';

/**
 * A measured value in two or three digits, without a leading zero (.94), exponents from a million on (1.6e13); a dash
 * where nothing was measured.
 */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return 'not finite';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6) return withMinus(value.toExponential(1).replace('e+', 'e'));
  if (magnitude >= 1000) return formatCount(value);
  if (magnitude >= 100) return withMinus(value.toFixed(0));
  if (magnitude >= 10) return withMinus(value.toFixed(1));
  if (magnitude !== 0 && magnitude < 0.001) return withMinus(value.toExponential(0));
  return withoutZero(value.toFixed(magnitude !== 0 && magnitude < 0.1 ? 3 : 2));
}

/** −0.37 as −.37 */
function withoutZero(figure: string): string {
  return withMinus(figure.replace(/^(-?)0\./, '$1.'));
}

/**
 * The values of one column, each with as many digits after the point as the largest needs, so that they stand below each
 * other; one that would read 0 and is not keeps its own.
 */
export function formatColumn(values: readonly number[]): readonly string[] {
  const most = Math.max(0, ...values.filter(Number.isFinite).map(Math.abs));
  const digits = most >= 100 ? 0 : most >= 10 ? 1 : most >= 0.1 || most === 0 ? 2 : 3;
  return values.map((value) => {
    const text = value.toFixed(digits);
    if (!Number.isFinite(value) || most >= 1000 || (value !== 0 && Number(text) === 0))
      return formatValue(value);
    return withoutZero(text);
  });
}

/** A share, always two digits: .05 */
export function formatShare(value: number): string {
  return !Number.isFinite(value) ? formatValue(value) : withoutZero(value.toFixed(2));
}

/** 61,400 */
export function formatCount(value: number): string {
  return Number.isNaN(value) ? '–' : withMinus(Math.round(value).toLocaleString('en-US'));
}

/** "1 row", "61,400 rows" */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A tick of an axis, six characters mostly: .25, −150k; exponents with a hyphen, 2.5e-9, for want of room. */
export function formatTick(value: number): string {
  const magnitude = Math.abs(value);
  if (value !== 0 && (magnitude >= 1e6 || magnitude < 1e-3)) {
    return Number(value.toPrecision(3)).toExponential().replace('e+', 'e');
  }
  if (magnitude >= 1e4 && value % 100 === 0) return withMinus(`${value / 1000}k`);
  return withoutZero(String(Number(value.toPrecision(6))));
}

/** 87 % */
export function formatPercent(share: number): string {
  return Number.isNaN(share) ? '–' : `${Math.round(share * 100)} %`;
}

/** 9.8 MB, in powers of ten as adapters report them. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? value.toFixed(0) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** 0:04, 12:30, 1:02:05 */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}
