import { useState } from 'react';
import { sharedAddress } from '../../store/address.ts';

/** How long the button says that it copied. */
const saidMs = 2000;

/** Copies the address that brings these lanes, looked at like this. */
export function ShareButton() {
  const [said, setSaid] = useState('Share');
  const say = (words: string): void => {
    setSaid(words);
    setTimeout(() => {
      setSaid('Share');
    }, saidMs);
  };
  return (
    <button
      type="button"
      className="share"
      title="Copy a link that holds every setting that differs from the default"
      onClick={() => {
        const address = sharedAddress();
        if (address === null) {
          say('Too long');
          return;
        }
        navigator.clipboard.writeText(address).then(
          () => {
            say('Copied');
          },
          // The address bar holds the same link: say so where the clipboard is closed to the page.
          () => {
            say('See address');
          },
        );
      }}
    >
      <span aria-live="polite">{said}</span>
    </button>
  );
}
