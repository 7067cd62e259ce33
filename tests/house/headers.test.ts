import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { headers } from '../../build/headers.ts';

test('docs/hosting.md has the headers as the build has them', () => {
  const docs = readFileSync('docs/hosting.md', 'utf8');
  const { 'Content-Security-Policy': policy, ...others } = headers;
  expect(docs).toContain(`\n${policy}\n`);
  for (const [name, value] of Object.entries(others)) expect(docs).toContain(`\n${name}: ${value}\n`);
});
