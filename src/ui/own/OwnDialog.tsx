import {
  type ReactNode,
  type SyntheticEvent,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from 'react';
import { createPortal } from 'react-dom';
import type { HyperparameterKey } from '../../settings/hyperparameters.ts';
import { lab, reachOf } from '../../store/lanes.ts';
import { useLab } from '../useStore.ts';
import './own.css';

interface Props {
  readonly id: HyperparameterKey;
  readonly title: string;
  /** Whether closing would lose something. */
  readonly dirty: boolean;
  /** Why the text can't be used, or null. */
  readonly obstacle: string | null;
  /** @returns whether it was taken; the dialog then closes */
  readonly onUse: () => boolean | Promise<boolean>;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** Keys and focus here are none of the page's behind it. */
function keep(event: SyntheticEvent): void {
  event.stopPropagation();
}

/** The frame around an editor of one's own words: Escape and Cancel leave everything as it was, after a question. */
export function OwnDialog({ id, title, dirty, obstacle, onUse, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [asking, setAsking] = useState(false);
  const heading = useId();
  const reached = useLab(({ lanes, selected, together }) => {
    const settings = lanes.map((lane) => lane.settings);
    return reachOf(id, settings, selected, together)
      .map((index) => lanes[index]?.name ?? '')
      .join(' and ');
  });
  useEffect(() => {
    // After the editor was made, which takes the focus.
    dialog.current?.showModal();
  }, []);
  useLayoutEffect(() => {
    // Closing hands the focus back to the button that opened it, if the dialog is still there to be closed.
    const opened = dialog.current;
    return () => {
      opened?.close();
    };
  }, []);
  const leave = (): void => {
    if (dirty) setAsking(true);
    else onClose();
  };
  const use = async (): Promise<void> => {
    if (await onUse()) onClose();
  };
  return createPortal(
    <dialog
      ref={dialog}
      className="own-dialog"
      aria-labelledby={heading}
      onKeyDown={keep}
      onFocus={keep}
      onBlur={keep}
      onPointerOver={keep}
      onCancel={(event) => {
        // A file picker's own Cancel bubbles up to here.
        if (event.target !== event.currentTarget) return;
        event.preventDefault();
        leave();
      }}
      onClose={({ currentTarget }) => {
        // React's strict mode closes and opens again, and the event comes after both.
        if (!currentTarget.open) onClose();
      }}
    >
      <h2 id={heading}>{title}</h2>
      {children}
      <footer>
        {asking ? (
          <p role="alert">
            Discard what you wrote?{' '}
            <button type="button" autoFocus onClick={onClose}>
              Discard
            </button>{' '}
            <button
              type="button"
              onClick={() => {
                setAsking(false);
              }}
            >
              Keep writing
            </button>
          </p>
        ) : (
          <>
            <p className="own-reach">Use it for {reached}.</p>
            <button type="button" onClick={leave}>
              Cancel
            </button>
            <button
              type="button"
              className="go"
              disabled={obstacle !== null}
              title={obstacle ?? undefined}
              onClick={() => {
                void use();
              }}
            >
              Use
            </button>
          </>
        )}
      </footer>
    </dialog>,
    document.body,
  );
}

/** Why the page refused a text that was to be used, or null. */
export function refusalOf(id: HyperparameterKey): string | null {
  const { refusal } = lab.getState();
  return refusal?.key === id ? refusal.sentence : null;
}
