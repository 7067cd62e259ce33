import { type ReactNode, type SyntheticEvent, useId, useLayoutEffect, useRef } from 'react';

interface Props {
  /** What is asked about, and what it would cost. */
  readonly what: string;
  readonly cost: string;
  readonly decline: () => void;
  /** The other answers, as buttons. */
  readonly children: ReactNode;
}

/** Keys here are none of the page's behind it. */
function keep(event: SyntheticEvent): void {
  event.stopPropagation();
}

/** A question before a run is lost; to keep it is the first answer, and Escape's. */
export function AskDialog({ what, cost, decline, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    // Closed with the question: the focus goes back to where it came from.
    const opened = dialog.current;
    if (opened?.open === false) opened.showModal();
    return () => {
      opened?.close();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className="question card"
      role="alertdialog"
      aria-labelledby={`${id}-what`}
      aria-describedby={`${id}-cost`}
      onKeyDown={keep}
      onCancel={(event) => {
        event.preventDefault();
        decline();
      }}
    >
      <h2 id={`${id}-what`}>{what}</h2>
      <p id={`${id}-cost`}>{cost}</p>
      <p className="buttons">
        {/* First, so that the safe answer takes the focus. */}
        <button type="button" onClick={decline}>
          Keep this run
        </button>
        {children}
      </p>
    </dialog>
  );
}
