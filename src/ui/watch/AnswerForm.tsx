import { useState } from 'react';
import { LabError } from '../../lib/labError.ts';
import { formLabels, formNames } from '../../records/completions/answers.ts';

interface Props {
  /** The form that was asked for; null: the surest. */
  readonly wanted: string | null;
  /** Whether the surest can't be had: there is nothing yet to find answers in. */
  readonly named?: boolean;
  /** @throws LabError where it is neither a form's name nor a pattern */
  readonly onFind: (form: string | null) => Promise<void>;
}

const [surest, own] = ['', 'own pattern'];

/** How the answer is found in a completion: votes, curves and verdict follow the choice. */
export function AnswerForm({ wanted, named = false, onFind }: Props) {
  const isOwn = wanted !== null && !formNames.includes(wanted);
  const [writing, setWriting] = useState(isOwn);
  const [problem, setProblem] = useState('');
  const find = (form: string | null): void => {
    setProblem('');
    onFind(form).catch((error: unknown) => {
      if (!(error instanceof LabError)) throw error;
      setProblem(`${error.message} ${error.remedy}`);
    });
  };
  return (
    <form
      className="answer-form"
      onSubmit={(event) => {
        event.preventDefault();
        const pattern = new FormData(event.currentTarget).get('pattern');
        if (typeof pattern === 'string' && pattern !== '') find(pattern);
      }}
    >
      <label className="check">
        answers by{' '}
        <select
          value={writing ? own : (wanted ?? surest)}
          onChange={({ target: { value } }) => {
            setWriting(value === own);
            if (value !== own) find(value === surest ? null : value);
          }}
        >
          {named ? null : <option value={surest}>what is found most surely</option>}
          {formNames.map((name) => (
            <option key={name} value={name}>
              {formLabels[name] ?? name}
            </option>
          ))}
          <option value={own}>a pattern of your own</option>
        </select>
      </label>
      {writing ? (
        <>
          <input
            name="pattern"
            aria-label="Pattern of the answer"
            placeholder="Answer: (\w+)"
            title="A regular expression; its first group is the answer, its last match counts"
            spellCheck={false}
            defaultValue={isOwn ? wanted : ''}
            // A few hundred characters are a long pattern.
            maxLength={500}
          />
          <button type="submit">Find</button>
        </>
      ) : null}
      {problem === '' ? null : (
        <span className="remark" role="alert">
          {problem}
        </span>
      )}
    </form>
  );
}
