import { type ComponentType, createElement, use } from 'react';

/** A part of the page that could not be fetched. */
export class NotLoaded extends Error {
  override readonly name = 'NotLoaded';
}

/** What to forget before failed parts are asked for again. */
const failed = new Set<() => void>();

/**
 * A component that is loaded when it is first drawn. A load that fails is tried once more by itself, and then thrown to
 * the boundary around it as `NotLoaded`; React's own `lazy` would remember the failure for ever.
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

/** Fetches a part of the page; a second time where the first failed. @throws NotLoaded */
export async function loadPart<Part>(load: () => Promise<Part>): Promise<Part> {
  try {
    return await load().catch(async () => {
      await restyle();
      return load();
    });
  } catch (error) {
    throw new NotLoaded(String(error), { cause: error });
  }
}

/** Style sheets that could not be fetched are not asked for again by whoever wanted them. */
async function restyle(): Promise<void> {
  const broken = [...document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]')].filter(
    ({ sheet }) => sheet === null,
  );
  await Promise.all(
    broken.map(
      (link) =>
        new Promise<void>((resolve, reject) => {
          const again = link.cloneNode() as HTMLLinkElement;
          again.onload = () => {
            resolve();
          };
          again.onerror = () => {
            reject(new Error(`${link.href} can't be fetched`));
          };
          link.replaceWith(again);
        }),
    ),
  );
}
