import { addPlugins, cleanupOutdatedCaches, precacheAndRoute, type PrecacheEntry } from 'workbox-precaching';
import { registerRoute } from 'workbox-routing';
import { NetworkFirst } from 'workbox-strategies';

/** Of the files of this build, told when it is built (build/offline.ts): those that are kept at once, and those when first used. */
declare const __KEPT_FILES__: PrecacheEntry[];
declare const __LARGE_FILES__: readonly string[];
/** Those that a host is to send with every file (build/headers.ts). */
declare const __HEADERS__: Readonly<Record<string, string>>;

/** What a service worker has of its global scope; the types of pages lack it. */
interface Scope {
  readonly registration: { readonly scope: string };
  readonly clients: {
    matchAll(of: { type: 'window'; includeUncontrolled: true }): Promise<readonly { readonly url: string }[]>;
  };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'fetch', listener: (event: FetchAsked) => void): void;
  addEventListener(type: 'message', listener: (event: Asked) => void): void;
  addEventListener(type: 'activate', listener: (event: Extended) => void): void;
}
interface Extended {
  waitUntil(done: Promise<unknown>): void;
}
interface FetchAsked {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
  stopImmediatePropagation(): void;
}
interface Asked extends Extended {
  readonly data: unknown;
  readonly source: { postMessage(message: string): void } | null;
}

const scope = self as unknown as Scope;
const largeCache = 'm-grpo-lab-large';

// Who asks the server itself, as one does who wants to know whether it has another version, is answered by it.
scope.addEventListener('fetch', (event) => {
  if (event.request.cache !== 'no-store') return;
  event.stopImmediatePropagation();
  event.respondWith(fetch(event.request));
});

// Many a host can't send them; workers obey only the policy that comes with their own script.
const withHeaders = {
  handlerWillRespond: ({ response }: { readonly response: Response }): Promise<Response> => {
    const { body, status, statusText } = response;
    const headers = new Headers(response.headers);
    for (const [name, value] of Object.entries(__HEADERS__)) headers.set(name, value);
    return Promise.resolve(new Response(body, { status, statusText, headers }));
  },
};
addPlugins([withHeaders]);

// Settings are in the address: whatever they are, the page is the same file.
precacheAndRoute(__KEPT_FILES__, { ignoreURLParametersMatching: [/./] });
cleanupOutdatedCaches();

const large: ReadonlySet<string> = new Set(
  __LARGE_FILES__.map((file) => new URL(file, scope.registration.scope).href),
);
registerRoute(
  ({ url }) => large.has(url.href),
  new NetworkFirst({ cacheName: largeCache, plugins: [withHeaders] }),
);
scope.addEventListener('activate', (event) => {
  event.waitUntil(forgetLarge());
});

// A new version waits until no page of the old one is left, or the only one that is left asks for it.
scope.addEventListener('message', (event) => {
  if (event.data === 'take over') event.waitUntil(takeOver(event.source));
});

async function takeOver(asking: Asked['source']): Promise<void> {
  const all = await scope.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const pages = all.filter(({ url }) => url.startsWith(scope.registration.scope));
  if (pages.length > 1) asking?.postMessage('others are open');
  else await scope.skipWaiting();
}

/** Large files of other versions. */
async function forgetLarge(): Promise<void> {
  const cache = await caches.open(largeCache);
  for (const request of await cache.keys()) {
    if (!large.has(request.url)) await cache.delete(request);
  }
}
