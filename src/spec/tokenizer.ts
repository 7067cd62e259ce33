/** Text ⟷ tokens of one model. Tasks speak text; only who feeds a model or reads what it sampled asks this. */
export interface Tokenizer {
  /** Token ids are 0 … size − 1. */
  readonly size: number;
  /** Ends a completion. */
  readonly endToken: number;
  /** Pads batches; no text has it. */
  readonly padToken: number;
  /** Every character that it can encode; null where it can encode any text. */
  readonly alphabet: string | null;
  /** The most tokens that a text of so many characters (UTF-16 code units) takes. */
  readonly mostTokens: (characters: number) => number;
  /** @throws LabError `bad-setting` naming the first character that it can't encode */
  readonly encode: (text: string) => number[];
  /**
   * The text of each token, in order; joined, that of them all. A token may have several characters, or none where it
   * only ends a character that began before it, or says nothing.
   */
  readonly pieces: (tokens: Iterable<number>) => string[];
  /** Any ids → text, those that are no token too. */
  readonly decode: (tokens: Iterable<number>) => string;
}
