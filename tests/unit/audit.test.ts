import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

// The stage `audit` of npm test, against a registry of the test's own.

/** What it knows of vulnerabilities, by package. */
let known: object = {};
let asked = 0;
const registry = createServer((request, response) => {
  if (request.url?.endsWith('/advisories/bulk') === true) asked++;
  const name = request.url?.slice(1) ?? '';
  const version = '1.0.0';
  const packument = { name, 'dist-tags': { latest: version }, versions: { [version]: { name, version } } };
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(request.method === 'POST' ? known : packument));
});
let address = '';
/** Else npm would remember what another registry said. */
let cache = '';
beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), 'lab-audit-'));
  known = {};
  asked = 0;
  await new Promise<void>((resolve) => {
    registry.listen(0, '127.0.0.1', resolve);
  });
  address = `http://127.0.0.1:${String((registry.address() as AddressInfo).port)}/`;
});
afterEach(() => {
  registry.closeAllConnections();
  registry.close();
  rmSync(cache, { recursive: true });
});

/** Runs the stage. @returns exit code and what it printed */
function stage(CI: string, npm_config_registry: string): Promise<[number | null, string]> {
  return new Promise((resolve) => {
    const env = { ...process.env, CI, npm_config_registry, npm_config_cache: cache };
    const child = spawn(process.execPath, ['scripts/test.mjs', 'audit'], { env });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on('close', (code) => {
      resolve([code, output.trimEnd()]);
    });
  });
}

it('in CI it asks, and a vulnerability that is high or critical is a failure; a lower one is counted', async () => {
  expect(await stage('1', address)).toEqual([
    0,
    expect.stringMatching(/no known vulnerability[^]*\n0 passed, 0 failed$/),
  ]);
  const advisory = { id: 1, url: address, title: 'a hole', vulnerable_versions: '*' };
  known = { fflate: [{ ...advisory, severity: 'moderate' }] };
  expect(await stage('1', address)).toEqual([
    0,
    expect.stringMatching(/moderate 1\.[^]*\n0 passed, 0 failed$/),
  ]);
  known = { fflate: [{ ...advisory, id: 2, severity: 'high' }] };
  expect(await stage('1', address)).toEqual([1, expect.stringMatching(/high 1\.[^]*\n0 passed, 1 failed$/)]);
  expect(asked).toBe(3);
});

it('where no registry answers it says so, and is no failure', async () => {
  expect(await stage('1', 'http://127.0.0.1:9/')).toEqual([
    0,
    expect.stringMatching(/no registry answered .+\n[^]*\n0 passed, 0 failed$/),
  ]);
});

it('elsewhere it asks nobody, and says how to', async () => {
  expect(await stage('', address)).toEqual([
    0,
    expect.stringMatching(/npm run audit[^]*\n0 passed, 0 failed$/),
  ]);
  expect(asked).toBe(0);
});
