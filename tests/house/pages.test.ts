import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { filesUnder, root, textOf } from './sources.ts';

const docs = filesUnder('docs', /\.md$/);
const pages = ['README.md', ...docs];

/** Text without blocks of code, in which nothing is a link or a heading. */
function prose(file: string): string {
  return textOf(file).replace(/^```.*?^```/gms, '');
}

/** Targets of links and pictures, those elsewhere on the web aside. */
function linksOf(file: string): string[] {
  return [...prose(file).matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Path from the repository's folder. */
function targetOf(file: string, link: string): string {
  const [path = ''] = link.split('#');
  return path === '' ? file : posix.join(dirname(file), path);
}

/** What GitHub calls the headings of a page. */
function anchorsOf(file: string): string[] {
  return [...prose(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Whether a link leads to a file or folder, and to a heading of it where it names one. */
function leads(file: string, link: string): boolean {
  const target = targetOf(file, link);
  const anchor = link.split('#')[1];
  return existsSync(join(root, target)) && (anchor === undefined || anchorsOf(target).includes(anchor));
}

test('the README stays under 9 KB: what is longer goes to docs/', () => {
  expect(Buffer.byteLength(textOf('README.md'))).toBeLessThan(9 * 1024);
});

describe.each(pages)('%s', (file) => {
  it('links to nothing that is not there', () => {
    expect(linksOf(file).filter((link) => !leads(file, link))).toEqual([]);
  });

  it('names commands that there are', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };
    const text = textOf(file);
    const lost = [
      ...[...text.matchAll(/npm run ([\w-]+)/g)].filter(([, name = '']) => scripts[name] === undefined),
      ...[...text.matchAll(/scripts\/cli\.mjs ([\w-]+)/g)].filter(
        ([, name = '']) => !existsSync(join(root, `src/cli/${name}.ts`)),
      ),
    ];
    expect(lost.map(([command]) => command)).toEqual([]);
  });
});

test('the README leads to every page of docs/', () => {
  const led = new Set(linksOf('README.md').map((link) => targetOf('README.md', link)));
  expect(docs.filter((file) => !led.has(file))).toEqual([]);
});

test('the README says of every room of src/ what it holds', () => {
  const rooms = readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const told = [...textOf('README.md').matchAll(/^\| `src\/(\w+)\/` \| .+ \|$/gm)].map(([, name]) => name);
  expect([...told].sort()).toEqual(rooms.sort());
});

test('the README tells the early warning’s record as its report does', () => {
  const words = (file: string) => textOf(file).replace(/\s+/g, ' ');
  const record =
    /amber announced .*? runs that held/.exec(words('docs/early-warning.md'))?.[0] ?? 'a sentence';
  expect(words('README.md')).toContain(record);
});
