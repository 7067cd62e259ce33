import { LabError } from '../lib/labError.ts';
import { plainText } from '../lib/plainText.ts';
import { quote } from '../lib/quote.ts';
import { mostPromptBytes, parsePrompts, promptRemedy, type AskedText } from './prompts.ts';

/** The prompts in a file that was dropped or chosen. @throws LabError `bad-file` */
export async function filePrompts(file: File): Promise<AskedText[]> {
  const called = quote(file.name);
  const refused = (why: string, cause?: unknown) =>
    new LabError('bad-file', `${called} can't be read: ${why}.`, promptRemedy, cause);
  if (file.size > mostPromptBytes) throw refused(`it has ${String(file.size)} bytes`);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer());
  } catch (cause) {
    throw refused('it is no text in UTF-8', cause);
  }
  return parsePrompts(plainText(text), called);
}
