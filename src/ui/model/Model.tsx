import { type DragEvent, useState } from 'react';
import { useStore } from 'zustand';
import { asked, giveFolder, tellFailed, wishFor } from '../../store/asked.ts';
import { AskForm } from './AskForm.tsx';
import { droppedIn, type Dropped } from './folders.ts';
import { FolderSlot } from './FolderSlot.tsx';
import { Results } from './Results.tsx';
import { TrainSection } from './TrainSection.tsx';
import '../watch/watch.css';
import '../watch/completions.css';
import './model.css';

/** The page on which a model made elsewhere is asked: how far it agrees with itself, and with another. */
export function Model() {
  const [over, setOver] = useState(false);
  const given = useStore(asked, (state) => state.given);
  const drop = (event: DragEvent): void => {
    setOver(false);
    if (!event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    const on = event.target instanceof Element ? event.target.closest('[data-slot]') : null;
    const aimed = on?.getAttribute('data-slot') === 'against' ? 'against' : 'model';
    const take = ({ folders: [first, second], files }: Dropped): void => {
      const [file] = files;
      // Of two folders the second is compared with the first.
      if (first !== undefined) {
        const slot =
          on === null && (given.model?.told ?? null) !== null && second === undefined ? 'against' : aimed;
        giveFolder(slot, first.name, first.files);
      }
      if (second !== undefined) giveFolder('against', second.name, second.files);
      if (first !== undefined || file === undefined) return;
      // A model's files without their folder.
      if (files.some(({ name }) => name === 'config.json')) giveFolder(aimed, 'files', files);
      else wishFor({ file });
    };
    droppedIn(event.dataTransfer).then(take).catch(tellFailed);
  };
  return (
    <main
      className="asked"
      data-over={over}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setOver(false);
      }}
      onDrop={drop}
    >
      <header>
        <h2>Ask a model of your own</h2>
        <p className="note">
          Drop a Hugging Face folder of a Llama, Qwen2 or Qwen3 model. It answers each prompt many times, and
          the lab says what it votes, how far it agrees with itself and how sure it is of each token; with
          answers, how far it deceives itself. A second folder, an earlier checkpoint of the same run say,
          shows how far one has moved from the other. The folder of a LoRA adapter, as PEFT saves it, goes
          beside the model that is there. Everything stays in this tab.
        </p>
      </header>
      <div className="folders">
        <FolderSlot slot="model" title="Model" invitation="Drop a model’s folder here" />
        {given.model === null && given.against === null ? null : (
          <FolderSlot slot="against" title="Compared with" invitation="Drop another to compare with" />
        )}
      </div>
      <AskForm />
      <TrainSection />
      <Results />
    </main>
  );
}
