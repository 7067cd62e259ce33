import { type RefObject, useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { onPaper } from '../paper.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Of what is printed without ever having been on the screen: a tab of a phone. */
const paperSize: Size = { width: 480, height: 180 };

/** The size of an element in whole pixels, kept up to date; zero until it was measured. */
export function useSize<Element extends HTMLElement>(): readonly [RefObject<Element | null>, Size] {
  const ref = useRef<Element>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      const width = Math.floor(element.clientWidth);
      const height = Math.floor(element.clientHeight);
      setSize((old) => (old.width === width && old.height === height ? old : { width, height }));
    });
    observer.observe(element);
    const end = onPaper(() => {
      flushSync(() => {
        setSize((old) => (old.width > 0 ? old : paperSize));
      });
    });
    return () => {
      end();
      observer.disconnect();
    };
  }, []);
  return [ref, size];
}
