import { useState } from 'react';
import { useStore } from 'zustand';
import { findAnswers } from '../../records/completions/answers.ts';
import { adapterKnobs, chatTemplate, type AdapterChoice } from '../../settings/adapterKnobs.ts';
import { asked } from '../../store/asked.ts';
import { chooseAdapter, planned } from '../../store/training.ts';
import { AnswerForm } from '../watch/AnswerForm.tsx';

/** What the adapter is, beside the knobs of every run. @param fixed whether a run is under way */
export function AdapterFields({ fixed }: { readonly fixed: boolean }) {
  const choice = useStore(planned, (state) => state.choice);
  const { targets } = choice;
  return (
    <fieldset className="adapter-fields" disabled={fixed}>
      <legend className="visually-hidden">The adapter</legend>
      <NumberField id="rank" label="rank" value={choice.rank} whole />
      <NumberField id="alpha" label="alpha" value={choice.alpha} placeholder={`${2 * choice.rank}`} />
      <ChoiceField id="trains" label="trains" value={choice.trains} />
      <ChoiceField id="weights" label="base weights" value={choice.weights} />
      <NumberField id="rows" label="in flight" value={choice.rows} whole />
      <fieldset className="targets" title={adapterKnobs.targets.help}>
        <legend>matrices</legend>
        {adapterKnobs.targets.options.map((name) => (
          <label key={name} className="check">
            <input
              type="checkbox"
              checked={targets.includes(name)}
              // One of them at the least.
              disabled={targets.length === 1 && targets.includes(name)}
              onChange={({ target }) => {
                chooseAdapter({
                  targets: adapterKnobs.targets.options.filter((each) =>
                    each === name ? target.checked : targets.includes(each),
                  ),
                });
              }}
            />{' '}
            {name}
          </label>
        ))}
      </fieldset>
      <TemplateField template={choice.template} />
      <AnswerForm
        wanted={choice.answer}
        named
        onFind={(wanted) => {
          // What is no pattern is refused here, where it is typed.
          findAnswers([], wanted ?? undefined);
          chooseAdapter({ answer: wanted ?? adapterKnobs.answer.default });
          return Promise.resolve();
        }}
      />
    </fieldset>
  );
}

const [asTheyAre, ofFolder, own] = ['', chatTemplate, 'own'];

/** How prompts are written to the model. */
function TemplateField({ template }: { readonly template: string | null }) {
  const chat = useStore(asked, ({ given }) => given.model?.chat ?? null);
  const [writing, setWriting] = useState(template !== null && template !== chatTemplate);
  const chosen = writing ? own : template === null ? asTheyAre : ofFolder;
  return (
    <>
      <label title={adapterKnobs.template.help}>
        prompts
        <select
          value={chosen}
          onChange={({ target: { value } }) => {
            setWriting(value === own);
            chooseAdapter({ template: value === asTheyAre ? null : value === own ? '{prompt}' : value });
          }}
        >
          <option value={asTheyAre}>as they are</option>
          {chat === null && chosen !== ofFolder ? null : (
            <option value={ofFolder}>in the chat template</option>
          )}
          <option value={own}>in a text of your own</option>
        </select>
      </label>
      {chosen === own ? (
        <label>
          text around {'{prompt}'}
          <textarea
            rows={2}
            spellCheck={false}
            maxLength={4000}
            value={template ?? ''}
            onChange={({ target: { value } }) => {
              chooseAdapter({ template: value });
            }}
          />
        </label>
      ) : null}
    </>
  );
}

interface NumberProps {
  readonly id: 'rank' | 'alpha' | 'rows';
  readonly label: string;
  /** Null: as the placeholder says. */
  readonly value: number | null;
  readonly whole?: boolean;
  readonly placeholder?: string;
}

function NumberField({ id, label, value, whole = false, placeholder = '' }: NumberProps) {
  const { range, help } = adapterKnobs[id];
  const [least, most] = range;
  return (
    <label title={help}>
      {label}
      <input
        type="number"
        min={least}
        max={most}
        step={whole ? 1 : 'any'}
        placeholder={placeholder}
        value={value ?? ''}
        onChange={({ target: { valueAsNumber } }) => {
          if (Number.isNaN(valueAsNumber)) {
            if (id === 'alpha') chooseAdapter({ alpha: null });
            return;
          }
          const given = whole ? Math.round(valueAsNumber) : valueAsNumber;
          chooseAdapter({ [id]: Math.min(most, Math.max(least, given)) });
        }}
      />
    </label>
  );
}

interface ChoiceProps<Id extends 'trains' | 'weights'> {
  readonly id: Id;
  readonly label: string;
  readonly value: AdapterChoice[Id];
}

function ChoiceField<Id extends 'trains' | 'weights'>({ id, label, value }: ChoiceProps<Id>) {
  const { options, help } = adapterKnobs[id];
  return (
    <label title={help}>
      {label}
      <select
        value={value}
        onChange={({ target }) => {
          if (Object.hasOwn(options, target.value)) chooseAdapter({ [id]: target.value });
        }}
      >
        {Object.entries(options).map(([option, words]) => (
          <option key={option} value={option}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
