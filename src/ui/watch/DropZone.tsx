import { type DragEvent, useRef, useState } from 'react';
import { readFiles } from '../../store/watch.ts';

/** Endings under which such logs are known; what a file is, its contents tell. */
const endings = '.json,.jsonl,.ndjson,.csv,.txt,.log';

/** A place for files, which is a button as well. */
export function DropZone() {
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className="drop-zone"
        onClick={() => {
          picker.current?.click();
        }}
      >
        <strong>Drop logs here</strong>
        <span>or choose files</span>
      </button>
      <input
        ref={picker}
        type="file"
        className="visually-hidden"
        tabIndex={-1}
        aria-label="Logs of training runs"
        multiple
        accept={endings}
        onChange={({ target }) => {
          const files = [...(target.files ?? [])];
          // The same file can be chosen again.
          target.value = '';
          if (files.length > 0) void readFiles(files);
        }}
      />
    </>
  );
}

/** Handlers that make a whole page a place for files, and whether one hangs over it. */
export function useDrop(): {
  readonly over: boolean;
  readonly handlers: {
    readonly onDragOver: (event: DragEvent) => void;
    readonly onDragLeave: (event: DragEvent) => void;
    readonly onDrop: (event: DragEvent) => void;
  };
} {
  const [over, setOver] = useState(false);
  return {
    over,
    handlers: {
      onDragOver: (event) => {
        if (!event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: ({ currentTarget, relatedTarget }) => {
        if (!(relatedTarget instanceof Node && currentTarget.contains(relatedTarget))) setOver(false);
      },
      onDrop: (event) => {
        setOver(false);
        const files = [...event.dataTransfer.files];
        if (files.length === 0) return;
        event.preventDefault();
        void readFiles(files);
      },
    },
  };
}
