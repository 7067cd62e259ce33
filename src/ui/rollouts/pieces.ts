/** A token of the table, by its place in the group and in its completion. */
export interface TokenAt {
  readonly rollout: number;
  readonly token: number;
}

/** What the tokens of completions are tinted by. */
export type Tint = 'entropy' | 'log-probability' | 'advantage';
export const tints: readonly Tint[] = ['entropy', 'log-probability', 'advantage'];

/** A token's text as the table shows it: a token without any, and spaces and line ends, have a sign. */
export function shownPiece(piece: string): string {
  return piece === '' ? '∅' : piece.replaceAll('\n', '↵').replaceAll(' ', '␣');
}
