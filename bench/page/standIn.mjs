import { build } from 'vite';

/**
 * Puts a script in the place of the trainer's worker in a page of the built lab. Call it before the page is opened.
 * With traceWorker.ts half of a run of any length is there as soon as Train is pressed.
 */
export async function standInForTrainer(page, entry = 'bench/page/traceWorker.ts') {
  const lib = { entry, formats: ['es'] };
  const [built] = await build({ configFile: false, logLevel: 'error', build: { write: false, lib } });
  const body = built.output[0].code;
  // With the headers of the worker it replaces, or an isolated page refuses it.
  await page.route(/\/worker-[^/]*\.js$/, async (route) => {
    await route.fulfill({ response: await route.fetch(), body });
  });
}
