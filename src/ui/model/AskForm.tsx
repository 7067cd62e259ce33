import { useId, useRef } from 'react';
import { useStore } from 'zustand';
import type { Doing, Price, Wish } from '../../asking/protocol.ts';
import { findAnswers } from '../../records/completions/answers.ts';
import { askNow, asked, findAskedBy, releaseModels, stopAsking, wished, wishFor } from '../../store/asked.ts';
import { counted, formatBytes, formatCount } from '../format.ts';
import { AnswerForm } from '../watch/AnswerForm.tsx';

/** What is asked, and how; what it will take; and the button that asks. */
export function AskForm() {
  const { typed, file, wish } = useStore(wished);
  const { given, price, refused, doing, failed, heldBytes, train } = useStore(asked);
  const picker = useRef<HTMLInputElement>(null);
  const promptsId = useId();
  const open = (given.model?.told ?? null) !== null;
  // A run has the device to itself.
  const trains = train.run !== null && train.run.doing !== 'ended';
  return (
    <section className="card ask" aria-label="Question">
      <div className="prompts">
        <label htmlFor={promptsId}>Prompts, one a line</label>
        {file === null ? (
          <textarea
            id={promptsId}
            rows={4}
            spellCheck={false}
            autoComplete="off"
            value={typed}
            onChange={({ target }) => {
              wishFor({ typed: target.value });
            }}
          />
        ) : (
          <p className="file">
            <strong>{file.name}</strong>{' '}
            <button
              type="button"
              className="quiet"
              onClick={() => {
                wishFor({ file: null });
              }}
            >
              Type instead
            </button>
          </p>
        )}
        <p className="unit">
          or{' '}
          <button
            type="button"
            className="quiet"
            onClick={() => {
              picker.current?.click();
            }}
          >
            a file of JSON lines
          </button>{' '}
          <code>{'{"prompt": "…", "answer": "…"}'}</code>, dropped or chosen
        </p>
        <input
          ref={picker}
          type="file"
          className="visually-hidden"
          tabIndex={-1}
          aria-label="Prompts as JSON lines"
          onChange={({ target }) => {
            const [chosen] = target.files ?? [];
            if (chosen !== undefined) wishFor({ file: chosen });
            target.value = '';
          }}
        />
      </div>
      <div className="knobs">
        {numbers.map(({ key, label, range, step }) => (
          <label key={key}>
            {label}
            <input
              type="number"
              min={range[0]}
              max={range[1]}
              step={step}
              value={wish[key]}
              onChange={({ target }) => {
                const { valueAsNumber: value } = target;
                if (Number.isNaN(value)) return;
                const whole = step === 1 ? Math.round(value) : value;
                wishFor({ wish: { [key]: Math.min(range[1], Math.max(range[0], whole)) } });
              }}
            />
          </label>
        ))}
        <label>
          weights
          <select
            value={wish.weights}
            onChange={({ target }) => {
              wishFor({ wish: { weights: target.value === 'int8' ? 'int8' : 'file' } });
            }}
          >
            <option value="file">as stored</option>
            <option value="int8">int8</option>
          </select>
        </label>
        <label>
          GPU memory, GB
          <input
            type="number"
            min={0}
            step="any"
            placeholder="unknown"
            title="Browsers don’t say how much a GPU has; what needs more than you write is refused"
            defaultValue={wish.memoryBytes === null ? '' : wish.memoryBytes / 1e9}
            onChange={({ target }) => {
              const { valueAsNumber: value } = target;
              wishFor({ wish: { memoryBytes: value > 0 ? value * 1e9 : null } });
            }}
          />
        </label>
      </div>
      {(given.model?.chat ?? null) === null ? null : (
        <label className="check">
          <input
            type="checkbox"
            checked={wish.chat}
            onChange={({ target }) => {
              wishFor({ wish: { chat: target.checked } });
            }}
          />{' '}
          write prompts as the chat template in {given.model?.chat} has it
        </label>
      )}
      {(price?.written ?? null) === null ? null : (
        <figure className="told-prompt">
          <figcaption className="unit">the first prompt, as the model is given it</figcaption>
          <pre>{price?.written}</pre>
        </figure>
      )}
      <AnswerForm
        wanted={wish.answer}
        onFind={(wanted) => {
          // What is no pattern is refused here, where it is typed.
          findAnswers([], wanted ?? undefined);
          findAskedBy(wanted);
          return Promise.resolve();
        }}
      />
      <div className="go-line">
        {doing === null ? (
          <button
            type="button"
            className="go"
            disabled={!open || price === null || refused !== null || trains}
            onClick={askNow}
          >
            Ask
          </button>
        ) : (
          <button type="button" onClick={stopAsking}>
            Stop
          </button>
        )}
        {doing === null ? (
          <p role="status">
            {trains
              ? 'An adapter is being trained. Stop it, or let it end, to ask.'
              : open
                ? price === null
                  ? ''
                  : priceWords(price, refused === null)
                : 'Give a model’s folder first.'}
          </p>
        ) : (
          <Progress doing={doing} />
        )}
      </div>
      {refused === null ? null : (
        <p role="alert" className="refusal">
          {refused.sentence} {refused.remedy}
        </p>
      )}
      {failed === null ? null : (
        <p role="alert" className="refusal">
          {failed.sentence} {failed.remedy}
        </p>
      )}
      {heldBytes === 0 || doing !== null ? null : (
        <p className="unit">
          {formatBytes(heldBytes)} are held on the GPU until another model is loaded.{' '}
          <button type="button" className="quiet" onClick={releaseModels}>
            Release them
          </button>
        </p>
      )}
    </section>
  );
}

interface NumberField {
  readonly key: Exclude<keyof Wish, 'chat' | 'weights' | 'memoryBytes' | 'answer'>;
  readonly label: string;
  readonly range: readonly [number, number];
  readonly step: number;
}

/** As the flags of `npm run ask` have them. */
const numbers: readonly NumberField[] = [
  { key: 'groupSize', label: 'completions each', range: [1, 1024], step: 1 },
  { key: 'temperature', label: 'temperature', range: [0, 100], step: 0.1 },
  { key: 'maxTokens', label: 'tokens at most', range: [1, 32_768], step: 1 },
  { key: 'rows', label: 'at once', range: [1, 4096], step: 1 },
  { key: 'seed', label: 'seed', range: [0, 2 ** 53 - 1], step: 1 },
];

/** @param fits where it doesn't, no time is measured */
function priceWords(price: Price, fits: boolean): string {
  const { prompts, known, completions, totalBytes, weightsBytes, cacheBytes, workingBytes, seconds } = price;
  const what = `${counted(prompts, 'prompt')}${known === 0 ? '' : `, ${known === prompts ? 'all' : formatCount(known)} with an answer`}, ${counted(completions, 'completion')}.`;
  const memory = `GPU memory: ${formatBytes(totalBytes)} (${formatCount(totalBytes)} bytes): weights ${formatBytes(weightsBytes)}, keys and values ${formatBytes(cacheBytes)}, the rest ${formatBytes(workingBytes)}.`;
  const time = !fits
    ? ''
    : seconds === null
      ? 'How long it takes is being measured …'
      : `${seconds}, where every completion is as long as it may be.`;
  return `${what} ${memory} ${time}`;
}

const doings: Readonly<Record<Doing['what'], (doing: Doing) => string>> = {
  loading: ({ done, all }) => `Loading: ${formatBytes(done)} of ${formatBytes(all)}`,
  asking: ({ name, done, all }) => `${name}: ${formatCount(done)} of ${counted(all, 'completion')}`,
  comparing: ({ done, all }) => `KL: ${formatCount(done)} of ${counted(all, 'completion')}`,
};

function Progress({ doing }: { readonly doing: Doing }) {
  const words = doings[doing.what](doing);
  return (
    <p className="doing">
      <progress value={doing.done} max={Math.max(1, doing.all)} aria-label={words} />
      <span role="status">{words}</span>
    </p>
  );
}
