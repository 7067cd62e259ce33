import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch } from './lab.ts';
import { mainJob } from './mainJob.ts';
import { isOwn } from './outside.ts';

let browser: Browser;
let server: ChildProcess;
let output = '';
let port: number;

beforeAll(async () => {
  port = await freePort();
  isOwn(`http://localhost:${String(port)}/`);
  // Colours, which a test runner may force on its children, would cut the address in two.
  const env = { ...process.env, NO_COLOR: '1' };
  server = spawn(process.execPath, ['scripts/start.mjs', '--no-open', '--port', String(port)], { env });
  const listening = new Promise<void>((resolve, reject) => {
    const gather = (chunk: Buffer): void => {
      output += chunk.toString();
      if (output.includes(`:${String(port)}/`)) resolve();
    };
    server.stdout?.on('data', gather);
    server.stderr?.on('data', gather);
    server.on('exit', (code) => {
      reject(new Error(`npm start ended with ${String(code)}: ${output}`));
    });
  });
  [browser] = await Promise.all([launch(), listening]);
});
afterAll(async () => {
  await browser.close();
  server.kill();
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => {
        resolve(free);
      });
    });
  });
}

it('says where the lab is', () => {
  expect(output).toContain(`http://localhost:${String(port)}/`);
});

it('the main job, through `npm start`', async () => {
  await mainJob(browser, `http://localhost:${String(port)}/`);
});
