/** A token's text as the table shows it: a token without any, and spaces and line ends, have a sign. */
export function shownPiece(piece: string): string {
  return piece === '' ? '∅' : piece.replaceAll('\n', '↵').replaceAll(' ', '␣');
}
