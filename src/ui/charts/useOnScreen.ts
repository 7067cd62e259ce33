import { type RefObject, useEffect, useState } from 'react';

/** How far below the window a chart is kept up to date, so that it is there when scrolled to. */
const margin = '200px';

/** Whether an element is on the screen, or nearly; false until that is known. */
export function useOnScreen(ref: RefObject<Element | null>): boolean {
  const [onScreen, setOnScreen] = useState(false);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new IntersectionObserver(
      (entries) => {
        setOnScreen(entries.at(-1)?.isIntersecting === true);
      },
      { rootMargin: margin },
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [ref]);
  return onScreen;
}
