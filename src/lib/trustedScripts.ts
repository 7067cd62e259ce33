/** What the browsers that have Trusted Types offer of them here. */
interface PolicyFactory {
  readonly defaultPolicy: unknown;
  readonly createPolicy: (
    name: string,
    rules: { readonly createScriptURL: (url: string) => string },
  ) => unknown;
}

/**
 * Lets this lab start its own workers under the header `require-trusted-types-for 'script'`: an address becomes a
 * script only where it lies beside the script that asks. No text ever does: that needs a rule of its own, and there is
 * none. Imported first by every script that starts workers.
 * @throws TypeError, at the worker's start, for an address from elsewhere
 */
function trustOwnScripts(): void {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: PolicyFactory };
  if (trustedTypes === undefined || trustedTypes.defaultPolicy !== null) return;
  const { origin } = new URL(import.meta.url);
  trustedTypes.createPolicy('default', {
    createScriptURL: (url) => {
      if (new URL(url, import.meta.url).origin === origin) return url;
      throw new TypeError('A script from elsewhere is not started.');
    },
  });
}

trustOwnScripts();
