import type { Plugin } from 'vite';

/**
 * The policy of contents under which everything works; docs/hosting.md says why each part is as it is. What only a
 * header may say is `frame-ancestors`.
 */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  "require-trusted-types-for 'script'",
  'trusted-types default',
] as const;

/** Cross-origin isolation: precise clocks and shared memory. The page works without, as on a plain host. */
export const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
} as const;

/** What a host is to send with every file, and the service worker sends where a host does not. */
export const headers = { 'Content-Security-Policy': contentPolicy.join('; '), ...isolation } as const;

/** Writes the policy into the pages of a build: many a host sends no headers. */
export function policyInPage(): Plugin {
  const parts = contentPolicy.filter((part) => !part.startsWith('frame-ancestors'));
  return {
    name: 'lab:policy-in-page',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: () => [
        {
          tag: 'meta',
          attrs: { 'http-equiv': 'Content-Security-Policy', content: parts.join('; ') },
          injectTo: 'head-prepend',
        },
      ],
    },
  };
}
