import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { NewVersion } from './NewVersion.tsx';
import { newVersion } from './newVersion.ts';

/** A page that stays open asks so often, in ms, whether there is a new version. */
const askMs = 3_600_000;

/**
 * Has the browser keep the files of the page, so that it opens without a network from the next visit on. Not on this
 * machine's own host: there the files are at hand, and whoever builds them anew wants to see the new ones.
 */
export async function keepOffline(): Promise<void> {
  const own = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(location.hostname);
  if (own || !isSecureContext || !('serviceWorker' in navigator)) return;
  const { serviceWorker } = navigator;
  let registration: ServiceWorkerRegistration;
  try {
    const scope = new URL('./', document.baseURI).href;
    registration = await serviceWorker.register(new URL('serviceWorker.js', scope).href, {
      scope,
      updateViaCache: 'none',
    });
  } catch {
    // Refused, or not there: the page works as ever with a network.
    return;
  }
  follow(registration);
  serviceWorker.addEventListener('message', ({ data }) => {
    if (data === 'others are open') newVersion.setState({ state: 'others' });
  });
  serviceWorker.addEventListener('controllerchange', () => {
    if (newVersion.getState().state === 'taking over') location.reload();
  });
  setInterval(() => {
    registration.update().catch(() => undefined);
  }, askMs);
}

function follow(all: ServiceWorkerRegistration): void {
  const announce = (): void => {
    // Without one that serves the page, this is the first.
    if (all.waiting === null || navigator.serviceWorker.controller === null) return;
    if (newVersion.getState().state === 'none') say(all);
  };
  announce();
  all.addEventListener('updatefound', () => {
    all.installing?.addEventListener('statechange', announce);
  });
}

let said = false;

function say(registration: ServiceWorkerRegistration): void {
  newVersion.setState({ state: 'there', registration });
  if (said) return;
  said = true;
  const place = document.createElement('div');
  document.body.append(place);
  createRoot(place).render(createElement(NewVersion));
}
