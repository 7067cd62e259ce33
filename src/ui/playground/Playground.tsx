import { useState } from 'react';
import { useStore } from 'zustand';
import { sides, type Side } from '../../session/protocol.ts';
import { keepsAnchor } from '../../settings/relevance.ts';
import { lab, type Lane } from '../../store/lanes.ts';
import { askPlayground, hasWebgpuProvider, playground, type Provider } from '../../store/playground.ts';
import { AnswerRow } from './AnswerRow.tsx';
import './playground.css';

const highest = 2;

/** A prompt of one's own, answered by base, policy and anchor of a lane side by side; training goes on meanwhile. */
export function Playground() {
  const lanes = useStore(lab, (state) => state.lanes);
  const trains = useStore(lab, ({ state }) => state !== 'no-webgpu');
  const selected = useStore(lab, (state) => state.selected);
  const [chosen, setChosen] = useState<Lane['id'] | null>(null);
  const lane = lanes.find(({ id }) => id === chosen) ?? lanes[selected];
  return (
    <main className="playground">
      <h2>Playground</h2>
      <p className="note">
        Type a prompt, and the base model, the policy and its anchor answer it, token by token. They are
        exported as ONNX and run by ONNX Runtime in a worker of its own, by WebAssembly or WebGPU; training
        goes on. A percentage is the model’s own probability of its token; press a token to see what else it
        could have written, and go on from there.
      </p>
      {lane === undefined || !trains ? (
        <p className="empty">The models are those of the lanes, and training them needs WebGPU.</p>
      ) : (
        <Asked lane={lane} lanes={lanes} onChoose={setChosen} />
      )}
    </main>
  );
}

interface Props {
  readonly lane: Lane;
  readonly lanes: readonly Lane[];
  readonly onChoose: (lane: Lane['id']) => void;
}

function Asked({ lane, lanes, onChoose }: Props) {
  const { question, answers, refused } = useStore(playground);
  const [prompt, setPrompt] = useState(question?.prompt ?? lane.group?.prompt ?? '');
  const [temperature, setTemperature] = useState(question?.temperature ?? 0);
  const [draw, setDraw] = useState(0);
  const [step, setStep] = useState<number | null>(null);
  const [provider, setProvider] = useState<Provider>(question?.provider ?? 'wasm');
  const { steps } = lane.checkpoints;
  const at = step !== null && steps.includes(step) ? step : null;
  const ask = (again: number): void => {
    setDraw(again);
    askPlayground(lane, { step: at, prompt, temperature, draw: again, provider });
  };
  const shown = sides.filter((side) => side !== 'anchor' || keepsAnchor(question?.settings ?? lane.settings));
  return (
    <>
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          ask(draw);
        }}
      >
        <label>
          Lane
          <select
            value={lane.id}
            onChange={({ target }) => {
              onChoose(Number(target.value));
              setStep(null);
            }}
          >
            {lanes.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Checkpoint
          <select
            value={at ?? 'now'}
            onChange={({ target }) => {
              setStep(target.value === 'now' ? null : Number(target.value));
            }}
          >
            <option value="now">now</option>
            {steps.toReversed().map((each) => (
              <option key={each} value={each}>{`step ${each}`}</option>
            ))}
          </select>
        </label>
        <label className="prompt">
          Prompt
          <input
            value={prompt}
            maxLength={200}
            spellCheck={false}
            autoComplete="off"
            aria-invalid={refused !== null}
            aria-describedby="playground-refused"
            onChange={({ target }) => {
              setPrompt(target.value);
            }}
          />
        </label>
        <label>
          Temperature
          <input
            type="number"
            min={0}
            max={highest}
            step={0.1}
            value={temperature}
            onChange={({ target }) => {
              setTemperature(Math.min(highest, Math.max(0, target.valueAsNumber || 0)));
            }}
          />
        </label>
        <label>
          Runs on
          <select
            value={provider}
            onChange={({ target }) => {
              setProvider(target.value === 'webgpu' ? 'webgpu' : 'wasm');
            }}
          >
            <option value="wasm">CPU</option>
            <option value="webgpu" disabled={!hasWebgpuProvider()}>
              {hasWebgpuProvider() ? 'GPU' : 'GPU: takes Chrome 137 or newer'}
            </option>
          </select>
        </label>
        <span className="buttons">
          <button type="submit" className="go">
            Answer
          </button>
          <button
            type="button"
            disabled={temperature === 0}
            title={temperature === 0 ? 'At temperature 0 every answer is the same' : 'Other random numbers'}
            onClick={() => {
              ask(draw + 1);
            }}
          >
            Draw again
          </button>
        </span>
        <p id="playground-refused" className="refusal" role="status">
          {refused}
        </p>
      </form>
      {question === null ? (
        <p className="empty">
          {lane.group === null
            ? 'A prompt of the task, “52907=” for sorting digits, is a good beginning.'
            : `Step ${lane.group.step} trained on ${lane.group.prompt}`}
        </p>
      ) : (
        <section className="card answers" aria-label="Answers">
          <h3>
            <code>{question.prompt}</code>
            <span className="unit">
              {question.name}
              {question.temperature === 0 ? ', likeliest tokens' : `, temperature ${question.temperature}`}
            </span>
          </h3>
          {shown.map((side: Side) => {
            const answer = answers[side];
            return answer === undefined ? null : <AnswerRow key={side} side={side} answer={answer} />;
          })}
        </section>
      )}
    </>
  );
}
