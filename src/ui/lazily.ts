import { type ComponentType, createElement, use } from 'react';
import { loadPart } from '../store/loadPart.ts';

/** What to forget before failed parts are asked for again. */
const failed = new Set<() => void>();

/**
 * A component that is loaded when it is first drawn. A load that fails is tried once more by itself, and then thrown to
 * the boundary around it; React's own `lazy` would remember the failure for ever.
 */
export function lazily<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
): ComponentType<Props> {
  let loading: Promise<ComponentType<Props>> | null = null;
  return function Lazily(props: Props) {
    loading ??= loadPart(load).catch((error: unknown) => {
      failed.add(() => {
        loading = null;
      });
      throw error;
    });
    return createElement(use(loading), props);
  };
}

/** Has parts that could not be fetched be asked for again when they are drawn next. */
export function forgetFailures(): void {
  for (const forget of failed) forget();
  failed.clear();
}
