/** The text between the first '#' and the first '.'; null when either is missing, out of order, or nothing is between. */
export function markedAnswer(completion: string): string | null {
  const mark = completion.indexOf('#');
  const end = completion.indexOf('.');
  return mark >= 0 && end > mark + 1 ? completion.slice(mark + 1, end) : null;
}
