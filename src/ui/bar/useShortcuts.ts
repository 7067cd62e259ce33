import { useEffect } from 'react';
import { reset, step, trainOrPause } from '../../store/actions.ts';
import { useLab } from '../useStore.ts';

/** Space trains or pauses, s steps, r resets; never while a control that uses the key has the focus. */
export function useShortcuts(): void {
  const recorded = useLab((lab) => lab.recorded);
  useEffect(() => {
    if (recorded) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const { target } = event;
      if (target instanceof HTMLElement && usesKey(target, event.key)) return;
      if (event.key === ' ') trainOrPause();
      else if (event.key === 's') step();
      else if (event.key === 'r') reset();
      else return;
      event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
    };
  }, [recorded]);
}

function usesKey(element: HTMLElement, key: string): boolean {
  if (element instanceof HTMLInputElement && element.type === 'text') return true;
  if (element instanceof HTMLSelectElement) return true;
  return key === ' ' && element.matches('button, summary, input[type=checkbox], input[type=radio]');
}
