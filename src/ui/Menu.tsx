import { type ReactNode, useEffect, useRef } from 'react';

interface Props {
  readonly className?: string;
  /** Within the button that opens it. */
  readonly summary: ReactNode;
  readonly title?: string;
  readonly label?: string;
  readonly children: ReactNode;
}

/**
 * A menu below a button. It closes on Escape, on a click or a focus elsewhere, and after a button in it was pressed,
 * unless that has `data-stays`; the focus then goes back to where it came from.
 */
export function Menu({ className = '', summary, title, label, children }: Props) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const elsewhere = ({ target }: Event): void => {
      if (target instanceof Node && menu.current?.contains(target) === false) menu.current.open = false;
    };
    document.addEventListener('pointerdown', elsewhere);
    document.addEventListener('focusin', elsewhere);
    return () => {
      document.removeEventListener('pointerdown', elsewhere);
      document.removeEventListener('focusin', elsewhere);
    };
  }, []);
  const close = (): void => {
    if (menu.current === null) return;
    menu.current.open = false;
    menu.current.querySelector('summary')?.focus();
  };
  return (
    <details
      ref={menu}
      className={`menu ${className}`}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || menu.current?.open !== true) return;
        event.stopPropagation();
        close();
      }}
    >
      <summary title={title} aria-label={label}>
        {summary}
      </summary>
      <div
        className="menu-body"
        // Before what was pressed acts: a dialog that it opens gives the focus back to the menu's button.
        onClickCapture={({ target }) => {
          if (target instanceof Element && target.closest('button:not([data-stays])') !== null) close();
        }}
      >
        {children}
      </div>
    </details>
  );
}
