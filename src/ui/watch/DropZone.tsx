import { type DragEvent, useEffect, useId, useRef, useState } from 'react';
import { follow, type Handle } from '../../store/followed.ts';
import { readFiles, readPasted } from '../../store/watch.ts';

/** A place for files, which is a button as well, and one for text. What a file is, its contents tell, not its ending. */
export function DropZone() {
  const picker = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.addEventListener('paste', pasted);
    return () => {
      document.removeEventListener('paste', pasted);
    };
  }, []);
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
        onChange={({ target }) => {
          const files = [...(target.files ?? [])];
          // The same file can be chosen again.
          target.value = '';
          if (files.length > 0) void readFiles(files);
        }}
      />
      <PasteBox />
    </>
  );
}

/** What is pasted anywhere but where one writes is a log: text of a terminal, or files. */
function pasted(event: ClipboardEvent): void {
  const { target, clipboardData } = event;
  const writes =
    target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
  if (clipboardData === null || writes) return;
  const files = [...clipboardData.files];
  const text = clipboardData.getData('text/plain');
  if (files.length > 0) void readFiles(files);
  else if (text.trim() !== '') void readPasted(text);
  else return;
  event.preventDefault();
}

/** A place for what a terminal or a notebook shows: read as soon as it is pasted. */
function PasteBox() {
  const [text, setText] = useState('');
  const id = useId();
  const read = (what: string): void => {
    setText('');
    void readPasted(what);
  };
  return (
    <div className="paste-box">
      <label htmlFor={id}>or paste what the terminal or the notebook shows</label>
      <textarea
        id={id}
        rows={2}
        spellCheck={false}
        autoComplete="off"
        value={text}
        onChange={({ target }) => {
          setText(target.value);
        }}
        onPaste={(event) => {
          const what = event.clipboardData.getData('text/plain');
          if (text !== '' || what.trim() === '') return;
          event.preventDefault();
          read(what);
        }}
      />
      {text.trim() === '' ? null : (
        <button
          type="button"
          onClick={() => {
            read(text);
          }}
        >
          Read it
        </button>
      )}
    </div>
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
        const asked = askFor(event.dataTransfer.items);
        void asked.then(async (handles) => {
          if (handles.length === files.length) await follow(handles);
          else await readFiles(files);
        });
      },
    },
  };
}

/**
 * What was dropped, as it can be read again; fewer where the browser gives files to be read once. Asked at once: after
 * the event the list is empty.
 */
async function askFor(items: DataTransferItemList): Promise<readonly Handle[]> {
  const asked = [...items].map(async (item) => {
    const { getAsFileSystemHandle } = item as Partial<
      Record<'getAsFileSystemHandle', () => Promise<Handle | null>>
    >;
    return (await getAsFileSystemHandle?.call(item)) ?? null;
  });
  const handles = await Promise.all(asked).catch((): (Handle | null)[] => []);
  return handles.filter((handle) => handle !== null);
}
