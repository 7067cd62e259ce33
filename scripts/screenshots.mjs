import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findChromium } from './chromium.mjs';
import { ensureDependencies } from './ensure.mjs';

// Trains a preset in the built page and photographs it: docs/lab-dark.png, docs/lab-light.png, docs/lab-phone.png.
// Usage: npm run build && npm run screenshots -- [--preset entropy] [--steps 600]
const { values } = parseArgs({
  options: {
    preset: { type: 'string', default: 'entropy' },
    steps: { type: 'string' },
    out: { type: 'string', default: 'docs' },
  },
});
ensureDependencies();
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
const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
const query = new URLSearchParams({
  preset: values.preset,
  ...(values.steps === undefined ? {} : { steps: values.steps }),
});
await page.goto(`${address}?${query}`);
await page.getByRole('button', { name: 'Train' }).click({ timeout: 120_000 });
await page
  .getByText('finished')
  .first()
  .waitFor({ timeout: 3 * 3600_000 });

mkdirSync(values.out, { recursive: true });
const shoot = (name, options = {}) => page.screenshot({ path: `${values.out}/${name}.png`, ...options });
await shoot('lab-dark');
await page.emulateMedia({ colorScheme: 'light' });
await shoot('lab-light');
await page.setViewportSize({ width: 390, height: 844 });
await shoot('lab-phone', { fullPage: true });
await browser.close();
await server.close();
