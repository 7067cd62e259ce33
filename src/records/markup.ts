const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text as HTML, in an element or in quotes: it stays text, whatever it says. */
export function markup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
