import { parseArgs } from 'node:util';
import { findChromium } from '../../src/cli/chromium.mjs';

// What a step of the page costs with held-out evaluation on the GPU, between the steps, and in ONNX Runtime, beside them:
// one run of a preset in Chromium, on its software GPU, of which every stretch of steps is evaluated the other way.
// Usage: npm run build && node bench/page/evaluation.mjs [--preset entropy] [--steps 30] [--rounds 6] [--json]
const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'entropy' },
    steps: { type: 'string', default: '30' },
    rounds: { type: 'string', default: '6' },
    json: { type: 'boolean', default: false },
  },
});
const [steps, rounds] = [Number(values.steps), Number(values.rounds)];
const patience = { timeout: 300_000 };

const { preview } = await import('vite');
const { chromium } = await import('playwright-core');
const executablePath = findChromium();
if (executablePath === null) throw new Error('No Chromium was found. Run npm test once, which installs one.');
const server = await preview({ preview: { port: 0 } });
const [address] = server.resolvedUrls.local;
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--no-first-run'],
});

/** Presses a button and waits until so many steps are made: ms. */
async function stretch(page, button, until) {
  const begun = performance.now();
  await page.getByRole('button', { name: button, exact: true }).click(patience);
  await page.waitForFunction(
    (wanted) => Number(document.querySelector('.progress progress')?.value) >= wanted,
    until,
    { ...patience, polling: 50 },
  );
  const ms = performance.now() - begun;
  await page.getByRole('button', { name: 'Go on', exact: true }).waitFor(patience);
  return ms;
}

try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.addInitScript(() => {
    localStorage.setItem('m-grpo-lab.tour', 'seen');
    localStorage.setItem('m-grpo-lab.all-knobs', 'all');
  });
  await page.goto(`${address}?preset=${values.preset}&steps=${steps}&evalEvery=10`);
  await page.locator('summary', { hasText: /^Evaluation$/ }).click(patience);
  const beside = page.getByRole('switch', { name: 'Evaluate beside training' });
  // Both ways once, for whatever is compiled and loaded then.
  await beside.check();
  await stretch(page, 'Train', steps);
  await beside.uncheck();
  await stretch(page, 'Go on', 2 * steps);
  const ms = { between: [], beside: [] };
  for (let round = 0; round < 2 * rounds; round++) {
    // Either goes first in every second pair.
    const way = (round % 4) % 3 === 0 ? 'between' : 'beside';
    await beside.setChecked(way === 'beside');
    ms[way].push((await stretch(page, 'Go on', (3 + round) * steps)) / steps);
  }
  const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
  if (values.json) console.log(JSON.stringify({ ...values, ms }));
  else {
    console.log(
      `preset ${values.preset}, both lanes, ms a step, medians of ${rounds} stretches of ${steps} steps`,
    );
    for (const [way, words] of [
      ['between', 'on the GPU, between the steps'],
      ['beside', 'in ONNX Runtime, beside them'],
    ])
      console.log(
        `${words}: ${median(ms[way]).toFixed(1)} (${ms[way].map((each) => each.toFixed(0)).join(', ')})`,
      );
    console.log(`beside ÷ between: ${(median(ms.beside) / median(ms.between)).toFixed(2)}`);
  }
} finally {
  await browser.close();
  await server.close();
}
