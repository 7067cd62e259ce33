// Node 20 lacks the iterator helpers that jax-js uses.
import 'core-js/actual/iterator/index.js';
import { openNodeGpu, settle } from '../../src/cli/nodeGpu.ts';

/**
 * Dawn in Node as `navigator.gpu`, where every library looks for it. Dawn polls by setImmediate and would spin on
 * the core that a software adapter needs: whoever waits sleeps in between, the peers as the lab.
 */
export async function openHost() {
  const { gpu } = await openNodeGpu();
  // Node 20 has no navigator; jax-js asks whether it is a phone's.
  const { userAgent = `Node.js/${process.versions.node}` } = globalThis.navigator ?? {};
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent }, configurable: true });
  return { settle };
}
