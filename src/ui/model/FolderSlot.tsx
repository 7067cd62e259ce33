import { useRef } from 'react';
import { useStore } from 'zustand';
import type { Slot } from '../../asking/protocol.ts';
import { asked, closeFolder, giveFolder } from '../../store/asked.ts';
import { pickedIn } from './folders.ts';

interface Props {
  readonly slot: Slot;
  readonly title: string;
  readonly invitation: string;
}

/** A place for a folder: empty, being opened, open, or refused with the reason. */
export function FolderSlot({ slot, title, invitation }: Props) {
  const given = useStore(asked, (state) => state.given[slot]);
  const picker = useRef<HTMLInputElement>(null);
  return (
    <section className={`folder lane-${slot === 'model' ? 0 : 1}`} aria-label={title} data-slot={slot}>
      {given === null ? (
        <button
          type="button"
          className="drop-zone"
          onClick={() => {
            picker.current?.click();
          }}
        >
          <strong>{invitation}</strong>
          <span>or choose it</span>
        </button>
      ) : (
        <div className="card given">
          <h3>
            <span className="swatch" aria-hidden="true" />
            {given.name}
            <button
              type="button"
              className="quiet"
              aria-label={`Close ${given.name}`}
              onClick={() => {
                closeFolder(slot);
              }}
            >
              Close
            </button>
          </h3>
          <p role="status">{given.told ?? (given.refused === null ? 'Being opened …' : '')}</p>
          {given.refused === null ? null : (
            <p role="alert">
              {given.refused.sentence} {given.refused.remedy}
            </p>
          )}
        </div>
      )}
      <input
        ref={picker}
        type="file"
        className="visually-hidden"
        tabIndex={-1}
        aria-label={`${title}: a Hugging Face folder`}
        // React's types don't know it.
        {...{ webkitdirectory: '' }}
        onChange={({ target }) => {
          const folder = pickedIn([...(target.files ?? [])]);
          // The same folder can be chosen again.
          target.value = '';
          if (folder !== null) giveFolder(slot, folder.name, folder.files);
        }}
      />
    </section>
  );
}
