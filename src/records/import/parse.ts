import { plainText } from '../../lib/plainText.ts';
import { readCsvLog } from './csv.ts';
import { readJsonLog } from './json.ts';
import { type Log, limits, refusal } from './log.ts';

/** @throws LabError where a file is larger than the page reads: asked before its text is */
export function refuseLarge(bytes: number): void {
  if (bytes <= limits.bytes) return;
  throw refusal(
    `The file has ${(bytes / 1e6).toFixed(0)} MB; the page reads ${limits.bytes / 1e6}.`,
    'Export fewer metrics, or log less often.',
  );
}

/**
 * Reads the log of a training run: TRL's trainer_state.json, JSON lines of verl or of this lab, a CSV export of W&B.
 * The contents decide, not the ending.
 * @param file its name: what a run is called where the contents don't say
 * @returns the runs in the file, one or more
 * @throws LabError `bad-file` naming the rule and the line
 * @source transformers TrainerState; verl utils/tracking FileLogger; W&B chart and table export
 */
export function parseLog(file: string, text: string): readonly Log[] {
  const body = plainText(text);
  if (body.includes('\0')) {
    throw refusal(
      'The file is not text.',
      'Drop a trainer_state.json, JSON lines, or a CSV export; not the .wandb or event files themselves.',
    );
  }
  const start = body.trimStart();
  if (start === '') throw refusal('The file is empty.', 'Export the file once more.');
  const name = file.replace(/\.(jsonl?|ndjson|csv|txt|log)$/i, '');
  return start.startsWith('{') || start.startsWith('[') ? readJsonLog(name, body) : readCsvLog(name, body);
}
