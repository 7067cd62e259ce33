import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { markup } from '../../src/records/markup.ts';
import { recordPage } from '../../src/records/page.ts';
import { plotSvg } from '../../src/records/plotSvg.ts';
import { readRecord } from '../../src/records/read.ts';

/** A record, without the rollouts that the page's examples have between its lines. */
const example = readFileSync('public/examples/entropy.jsonl', 'utf8')
  .split(/^/m)
  .filter((line) => !line.includes('"type":"rollouts"'))
  .join('');
const { runs } = readRecord(example);

/** Tags of a page, with what they say of themselves. */
const tagsOf = (page: string): string[] => page.match(/<[a-z!/][^>]*>/gi) ?? [];

it('holds every run: its charts, settings and record, and no script', () => {
  const page = recordPage(runs);
  for (const { name } of runs) expect(page).toContain(markup(name));
  const figures = page.split('<figure>').length - 1;
  expect(figures).toBeGreaterThan(20);
  expect(page.match(/<path class="run-1" d="M/g)?.length).toBeGreaterThan(20);
  const [, record = ''] = /<pre>([^]*)<\/pre>/.exec(page) ?? [];
  const text = record
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
  const again = readRecord(text);
  expect(again.runs.map(({ rows }) => rows)).toEqual(runs.map(({ rows }) => rows));
  expect(page).not.toMatch(/<script|javascript:|https?:|\ssrc=|\shref=/i);
});

it('names, prompts and rewards that are markup stay text', () => {
  const attack = `</title></pre></style><script>alert(1)</script><img src=x onerror="alert(1)"> ' " &amp;`;
  const attacked = runs.map((run) => ({
    ...run,
    name: attack,
    origin: { name: attack, step: 1 },
    adapter: {
      vendor: attack,
      architecture: attack,
      description: attack,
      software: true,
      features: [attack],
    },
    settings: { ...run.settings, prompts: attack, rewardCode: attack, model: attack },
    changes: [{ step: 1, changes: { model: attack }, by: 'reader' as const }],
  }));
  // The same tags as without, and nothing in them that was not there.
  const kinds = (page: string): string[] => [
    ...new Set(tagsOf(page).map((tag) => tag.split(/[\s>]/)[0] ?? '')),
  ];
  expect(kinds(recordPage(attacked)).sort()).toEqual(
    [...new Set([...kinds(recordPage(runs)), '<ul', '</ul', '<li', '</li'])].sort(),
  );
  expect(tagsOf(recordPage(attacked)).join('')).not.toMatch(/onerror|alert/);
});

it('a curve is where its values are, with gaps where there are none', () => {
  const points = [0, 1, 2, 3].map((x) => ({ x, y: x === 2 ? NaN : x }));
  const svg = plotSvg([points, []], [{ x: 3, run: 1 }], 'a < b');
  expect(svg).toContain('d="M46.0 150.0L145.3 102.7M344.0 8.0"');
  expect(svg).toContain('<path class="mark run-1" d="M344.0 8V150"/>');
  expect(svg).toContain('<title>a &lt; b</title>');
  // Nothing measured, and all the same.
  expect(plotSvg([[]], [], '')).not.toContain('NaN');
  expect(plotSvg([[{ x: 1, y: 5 }]], [], '')).not.toContain('NaN');
});
