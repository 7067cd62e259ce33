import { useStore } from 'zustand';
import { useState } from 'react';
import { follow, following, type Handle, stopFollowing } from '../../store/followed.ts';
import { counted } from '../format.ts';
import './follow.css';

/** The pickers of the File System Access API, where a browser has them. */
interface Pickers {
  readonly showOpenFilePicker?: (options: { readonly multiple: boolean }) => Promise<FileSystemFileHandle[]>;
  readonly showDirectoryPicker?: () => Promise<FileSystemDirectoryHandle>;
}

/** Files and folders that are read whenever they change: buttons to choose them, and those that are followed. */
export function Follow() {
  const { followed, turned } = useStore(following);
  const { showOpenFilePicker, showDirectoryPicker } = window as Pickers;
  const able = showOpenFilePicker !== undefined && showDirectoryPicker !== undefined;
  return (
    <div className="follow">
      <p className="follow-choice">
        <button
          type="button"
          disabled={!able}
          onClick={() => {
            void chosen(() => showOpenFilePicker?.({ multiple: true }));
          }}
        >
          Follow a file
        </button>
        <button
          type="button"
          disabled={!able}
          onClick={() => {
            void chosen(async () => {
              const folder = await showDirectoryPicker?.();
              return folder === undefined ? undefined : [folder];
            });
          }}
        >
          Follow a folder
        </button>
      </p>
      {able ? null : (
        <p className="unit">
          This browser reads a file once: Chrome and Edge can follow one. Or in a terminal:{' '}
          <code>npm run watch -- FILE --follow</code>
        </p>
      )}
      {followed.length === 0 ? null : (
        <>
          <ul aria-label="Followed">
            {followed.map(({ id, name, files, lost }) => (
              <li key={id}>
                <span title={name}>{name}</span>
                <span className="unit">
                  {lost !== null ? `can’t be read: ${lost}` : files > 1 ? counted(files, 'file') : 'live'}
                </span>
                <button
                  type="button"
                  className="quiet"
                  aria-label={`Stop following ${name}`}
                  title="Stop following"
                  onClick={() => {
                    stopFollowing(id);
                  }}
                >
                  ×
                </button>
              </li>
            ))}
          </ul>
          <Notify />
        </>
      )}
      <p role="status" className={turned === '' ? 'visually-hidden' : 'follow-turned'}>
        {turned}
      </p>
    </div>
  );
}

/** Lets the page say beyond itself that a verdict has turned. */
function Notify() {
  const [permission, setPermission] = useState('Notification' in window ? Notification.permission : 'denied');
  if (permission === 'granted') return <p className="unit">A notification comes when a verdict turns.</p>;
  if (permission === 'denied') return null;
  return (
    <button
      type="button"
      className="quiet"
      onClick={() => {
        void Notification.requestPermission().then(setPermission);
      }}
    >
      Notify me when a verdict turns
    </button>
  );
}

/** Follows what is chosen; nothing where the choice is called off. */
async function chosen(choose: () => Promise<readonly Handle[] | undefined> | undefined): Promise<void> {
  try {
    await follow((await choose()) ?? []);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
  }
}
