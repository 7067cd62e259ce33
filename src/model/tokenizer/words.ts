import { bytePairs } from './bytePairs.ts';
import { learnedPieces } from './words.pieces.ts';

const padding = '_';
const letters = 'abcdefghijklmnopqrstuvwxyz';
const characters = `0123456789+-*=#.,? ${letters.toUpperCase()}${letters}`;

/** The tokenizer of base models that read English: every character of its alphabet, and the pieces of the task Word problems. */
export const words = bytePairs([padding, ...Array.from(characters), ...learnedPieces.split('|')]);
