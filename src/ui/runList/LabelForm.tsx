import { useState } from 'react';
import type { KeptLabel } from '../../storage/kept.ts';

interface Props {
  readonly label: KeptLabel;
  /** What it is called without a name. */
  readonly usual: string;
  /** Null: nothing is to be changed. */
  readonly onDone: (label: KeptLabel | null) => void;
}

/** Where a name and notes of one's own are written. */
export function LabelForm({ label, usual, onDone }: Props) {
  const [name, setName] = useState(label.name);
  const [notes, setNotes] = useState(label.notes);
  return (
    <form
      className="runs-label"
      onSubmit={(event) => {
        event.preventDefault();
        onDone({ name: name.trim(), notes: notes.trim() });
      }}
      onKeyDown={({ key }) => {
        if (key === 'Escape') onDone(null);
      }}
    >
      <label>
        Name
        <input
          ref={focus}
          type="text"
          value={name}
          maxLength={80}
          placeholder={usual}
          onChange={({ target }) => {
            setName(target.value);
          }}
        />
      </label>
      <label>
        Notes
        <textarea
          value={notes}
          rows={3}
          maxLength={10_000}
          onChange={({ target }) => {
            setNotes(target.value);
          }}
        />
      </label>
      <p className="buttons">
        <button type="submit" className="go">
          Save
        </button>
        <button
          type="button"
          onClick={() => {
            onDone(null);
          }}
        >
          Cancel
        </button>
      </p>
    </form>
  );
}

function focus(input: HTMLInputElement | null): void {
  input?.focus();
}
