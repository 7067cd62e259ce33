import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import {
  exportMetrics,
  launch,
  newPage,
  query,
  reaches,
  serveBuilt,
  tiny,
  waitForStep,
  type Host,
  strictPolicy,
} from './lab.ts';

let browser: Browser;
const hosts: Host[] = [];
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  for (const host of hosts) await host.close();
});

/** The built page under a policy. */
async function under(policy: string, search: string): Promise<{ page: Page; complaints: string[] }> {
  const host = await serveBuilt({ 'Content-Security-Policy': policy });
  hosts.push(host);
  const opened = await newPage(browser);
  await opened.page.goto(`${host.address}${search}`);
  return opened;
}

const reward = 'function reward({ answer }) { return answer === null ? 4 : 5; }';

it('under the strictest policy everything works: a step with a reward of one’s own, dialogs, logs, the guide', async () => {
  const { page, complaints } = await under(strictPolicy, query({ ...tiny, rewardCode: reward }));
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await waitForStep(page, 2);
  await page.getByRole('button', { name: 'Pause' }).click();
  await reaches(page, 'Paused');
  const { lanes } = await exportMetrics(page);
  for (const row of lanes.flatMap((rows) => rows.slice(1))) {
    expect(row['reward/mean']).toBeGreaterThanOrEqual(4);
  }

  await page.getByText('Task and model', { exact: true }).click();
  await page.getByRole('button', { name: 'Own reward', exact: true }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Own reward' });
  await dialog
    .getByRole('status')
    .filter({ hasText: /It works on \d+ rollouts\./ })
    .waitFor();
  await page.keyboard.press('Escape');

  await page.getByRole('link', { name: 'Watch' }).click();
  await page.getByLabel('Logs of training runs').setInputFiles('tests/fixtures/logs/trainer_state.json');
  await page.getByText('trainer_state').first().waitFor({ state: 'attached' });
  await page.getByRole('link', { name: 'Guide' }).click();
  await page.getByRole('heading').first().waitFor();
  expect(complaints).toEqual([]);
  await page.close();
});

it('the bench is started under it, too, and a script from elsewhere is not', async () => {
  const { page } = await under(strictPolicy, '#bench');
  await page.getByRole('heading').first().waitFor();
  const started = await page.evaluate(async () => {
    const one = (address: string): string => {
      try {
        new Worker(address).terminate();
        return 'started';
      } catch (error) {
        return String(error);
      }
    };
    const [script] = document.scripts;
    const text = (): string => {
      try {
        document.createElement('div').innerHTML = '<b>text</b>';
        return 'made';
      } catch (error) {
        return String(error);
      }
    };
    await Promise.resolve();
    return [
      one(script?.src ?? ''),
      one('https://elsewhere.test/a.js'),
      one('data:text/javascript,1'),
      text(),
    ];
  });
  expect(started[0]).toBe('started');
  for (const refused of started.slice(1)) expect(refused).toContain('TypeError');
  await page.close();
});

it('on a host that sends no header the page itself refuses what is foreign, one way after another', async () => {
  const host = await serveBuilt();
  hosts.push(host);
  const { page } = await newPage(browser);
  await page.goto(`${host.address}#guide`);
  await page.getByRole('heading').first().waitFor();
  await page.evaluate(() => {
    const seen: string[] = [];
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => {
      seen.push(effectiveDirective);
    });
    Object.assign(window, { seen });
  });
  const elsewhere = 'https://elsewhere.test/a';
  /** In the page, in a task of its own: what a debugger evaluates may do anything. */
  const attempt = (what: string): Promise<readonly string[]> =>
    page.evaluate(
      (code) =>
        new Promise<readonly string[]>((resolve) => {
          const { seen } = window as unknown as { seen: string[] };
          seen.length = 0;
          setTimeout(() => {
            try {
              (window as unknown as { attempts: Record<string, () => void> }).attempts[code]?.();
            } catch {
              // It is told as an event, too.
            }
            setTimeout(() => {
              resolve([...new Set(seen)]);
            }, 200);
          });
        }),
      what,
    );
  await page.evaluate((address) => {
    const put = (tag: string, attributes: Readonly<Record<string, string>>): void => {
      const element = document.createElement(tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      document.body.append(element);
    };
    Object.assign(window, {
      attempts: {
        fetch: () => void fetch(address).catch(() => undefined),
        socket: () => new WebSocket('wss://elsewhere.test'),
        beacon: () => navigator.sendBeacon(address),
        image: () => {
          put('img', { src: address });
        },
        frame: () => {
          put('iframe', { src: address });
        },
        style: () => {
          put('link', { rel: 'stylesheet', href: address });
        },
        base: () => {
          put('base', { href: address });
        },
        form: () => {
          put('form', { action: address, method: 'post' });
          document.forms[document.forms.length - 1]?.submit();
        },
        // eslint-disable-next-line @typescript-eslint/no-implied-eval -- refused
        text: () => new Function('return 1'),
        handler: () => {
          put('b', { onclick: 'void 0' });
        },
        markup: () => {
          document.createElement('div').innerHTML = '<script>1</script>';
        },
      },
    });
  }, elsewhere);
  const refused: Record<string, readonly string[]> = {};
  for (const what of [
    'fetch',
    'socket',
    'beacon',
    'image',
    'frame',
    'style',
    'base',
    'form',
    'text',
    'handler',
    'markup',
  ])
    refused[what] = await attempt(what);
  expect(refused).toEqual({
    fetch: ['connect-src'],
    socket: ['connect-src'],
    beacon: ['connect-src'],
    image: ['img-src'],
    frame: ['frame-src'],
    style: ['style-src-elem'],
    base: ['base-uri'],
    form: ['form-action'],
    // Before it is asked whether a script may be inline: no text becomes one.
    text: ['require-trusted-types-for'],
    handler: ['require-trusted-types-for'],
    markup: ['require-trusted-types-for'],
  });
  await page.close();
});

it('without what WebAssembly needs, the page trains all the same, and says what an own reward lacks', async () => {
  const without = strictPolicy.replace(" 'wasm-unsafe-eval'", '');
  expect(without).not.toBe(strictPolicy);
  const { page } = await under(without, query({ ...tiny, rewardCode: reward }));
  await reaches(page, 'Ready to train');
  await page.getByRole('button', { name: 'Train', exact: true }).click();
  await page.getByText('The interpreter could not be loaded').first().waitFor();
  await page.close();
});
