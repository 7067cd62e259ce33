import { LabError } from '../lib/labError.ts';

/**
 * Fetches a part of the page that is loaded when it is asked for; a second time where the first failed, as it does
 * without a connection, or where another version of the lab took the place of this one.
 * @throws LabError `not-loaded`
 */
export async function loadPart<Part>(load: () => Promise<Part>): Promise<Part> {
  try {
    return await load().catch(async () => {
      await restyle();
      return load();
    });
  } catch (error) {
    throw new LabError(
      'not-loaded',
      'A part of the page could not be loaded.',
      'Try again once there is a connection. If there is one, a new version of the lab was published: save what is not kept, and reload.',
      error,
    );
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
