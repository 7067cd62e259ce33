import { createElement, memo, type ReactNode, useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import { inTurn } from '../inTurn.ts';
import type { Curve } from './curves.ts';
import { Curves } from './Curves.tsx';
import type { FrameProps } from './Frame.tsx';

interface Props extends FrameProps {
  readonly curves: readonly Curve[];
}

/**
 * Draws what it is given: no animation, no tooltip, no pointer handling and no measuring of its own; cursor,
 * marks and legend lie above it in plain HTML.
 */
export const LiveChart = memo(function LiveChart({ curves, ...frame }: Props) {
  const { width, height, steps, values } = frame;
  return (
    <>
      {useFrame(frame)}
      <Curves curves={curves} width={width} height={height} lastStep={steps.domain[1]} axis={values} />
    </>
  );
});

type FrameComponent = (typeof import('./Frame.tsx'))['Frame'];

/** Axes, grid and zones: loaded once the page stands, as they are half of all it loads, and shown chart by chart. */
function useFrame(props: FrameProps): ReactNode {
  const [loaded, setLoaded] = useState<FrameComponent | null>(null);
  useEffect(() => {
    let withdraw: (() => void) | null = null;
    let gone = false;
    void import('./Frame.tsx').then(({ Frame }) => {
      if (gone) return;
      withdraw = inTurn(() => {
        flushSync(() => {
          setLoaded(() => Frame);
        });
      });
    });
    return () => {
      gone = true;
      withdraw?.();
    };
  }, []);
  return loaded === null ? null : createElement(loaded, props);
}
