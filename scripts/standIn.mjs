import { build } from 'vite';

/**
 * Puts traceWorker.ts in the place of the trainer's worker in a page of the built lab: half of a run of any length is
 * there as soon as Train is pressed. Call it before the page is opened.
 */
export async function standInForTrainer(page) {
  const lib = { entry: 'scripts/traceWorker.ts', formats: ['es'] };
  const [built] = await build({ configFile: false, logLevel: 'error', build: { write: false, lib } });
  const body = built.output[0].code;
  // With the headers of the worker it replaces, or an isolated page refuses it.
  await page.route(/\/worker-[^/]*\.js$/, async (route) => {
    await route.fulfill({ response: await route.fetch(), body });
  });
}
