/** A figure as readers see it: with the sign for minus, which is no hyphen. Files keep what programs read. */
export function withMinus(figure: string): string {
  return figure.replaceAll('-', '−');
}
