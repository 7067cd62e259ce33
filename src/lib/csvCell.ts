/**
 * A text as a cell of a CSV file (RFC 4180). Names may come with a link or a file: spreadsheets must not take them for
 * formulas.
 */
export function csvCell(given: string): string {
  const text = /^[=+\-@\t\r]/.test(given) ? `'${given}` : given;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
