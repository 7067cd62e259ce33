import { posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin, Rolldown } from 'vite';

/** What a visitor loads before anything runs, base model aside: page and worker together, gzip, in bytes. */
export const firstLoadLimit = 350_000;

/** The page whose first load is limited. */
const page = 'index.html';

/**
 * Loaded only when a visitor asks for it: other pages, what opens above the lab, readers of files, editors with what they
 * run, and ONNX Runtime; from the first step on what keeps runs and shows them once more, and what shows rollouts; and what
 * keeps the page itself, once the lab is open.
 */
export const askedFor: readonly string[] = [
  'Bench',
  'building',
  'Guide',
  'Claims',
  'measured',
  'Playground',
  'qwen3',
  'page',
  'Watch',
  'Model',
  'completions',
  'Enlarged',
  'ChartTable',
  'AtStop',
  'RolloutBody',
  'VoteBars',
  'Present',
  'chartPicture',
  'logReader',
  'keeperWorker',
  'offline',
  'readRecorded',
  'restore',
  'KeptNote',
  'Runs',
  'OwnDialog',
  'laneScripts',
  'folderZip',
  'scriptsZip',
  'zip',
  'PromptsDialog',
  'RewardDialog',
  'rewardWorker',
  'onnxWorker',
];

/** A file of the build. */
export interface Sized {
  readonly file: string;
  /** What asks for it: the page, its worker, a visitor, or none, as with other entries of the build. */
  readonly part: 'page' | 'worker' | 'later' | 'apart';
  readonly bytes: number;
  readonly gzipBytes: number;
}

/**
 * Sizes of all text a build has written. What the page reaches counts as first load, unless it is asked for: other
 * lazy imports follow at once all the same, and the worker's check of the GPU runs on the first visit.
 * @param later names of chunks that are asked for
 */
export function sizesOf(bundle: Rolldown.OutputBundle, later: readonly string[] = askedFor): Sized[] {
  const outputs = Object.values(bundle).filter(({ fileName }) => /\.(html|css|js)$/.test(fileName));
  const texts = new Map(outputs.map((output) => [output.fileName, textOf(output)]));
  const asked = new Map(outputs.map((output) => [output.fileName, askedBy(output, texts)]));
  const atOnce = reachedFrom(page, asked, (file) => !later.includes(chunkName(file)));
  const everReached = reachedFrom(page, asked, () => true);
  return outputs.map(({ fileName: file, type }) => {
    const text = texts.get(file) ?? '';
    // Vite builds workers apart and hands their scripts on as assets.
    const first = type === 'asset' && file.endsWith('.js') ? 'worker' : 'page';
    const part = atOnce.has(file) ? first : everReached.has(file) ? 'later' : 'apart';
    return { file, part, bytes: Buffer.byteLength(text), gzipBytes: gzipSync(text).byteLength };
  });
}

function textOf(output: Rolldown.OutputAsset | Rolldown.OutputChunk): string {
  if (output.type === 'chunk') return output.code;
  return typeof output.source === 'string' ? output.source : new TextDecoder().decode(output.source);
}

/** assets/Guide-BzmWxImw.js → Guide */
function chunkName(file: string): string {
  return posix.basename(file).replace(/-[\w-]{8}\.\w+$/, '');
}

/**
 * The files that one asks for. A chunk says so itself, and names workers in its text; it names as well what the chunks that it
 * imports lazily will want, which it does not ask for. Of workers there is the text alone: they name what they ask for.
 */
function askedBy(
  output: Rolldown.OutputAsset | Rolldown.OutputChunk,
  texts: ReadonlyMap<string, string>,
): readonly string[] {
  const text = texts.get(output.fileName) ?? '';
  const named = [...texts.keys()].filter(
    (other) => !other.endsWith('.html') && text.includes(posix.basename(other)),
  );
  if (output.type === 'asset') return named;
  const { imports, dynamicImports } = output;
  const { importedCss = new Set<string>() } =
    (output as { viteMetadata?: { importedCss?: ReadonlySet<string> } }).viteMetadata ?? {};
  const workers = named.filter((other) => workerScript.test(other));
  return [...imports, ...dynamicImports, ...importedCss, ...workers];
}

/** The scripts of workers, by the names of their files. */
const workerScript = /\/(worker|\w+Worker|logReader)-[\w-]{8}\.js$/;

/** The files a page loads, by what each of them asks for. */
function reachedFrom(
  start: string,
  asked: ReadonlyMap<string, readonly string[]>,
  follow: (file: string) => boolean,
): ReadonlySet<string> {
  const reached = new Set([start]);
  // A set takes in what is added while it is gone through.
  for (const file of reached)
    for (const other of asked.get(file) ?? []) if (follow(other)) reached.add(other);
  return reached;
}

/** The report as lines of a table, largest first. */
export function tableOf(sizes: readonly Sized[]): string[] {
  const line = (name: string, bytes: number, gzipBytes: number): string =>
    `  ${name.padEnd(36)} ${kilobytes(bytes)} ${kilobytes(gzipBytes)} gzip`;
  const sum = (name: string, all: readonly Sized[]): string =>
    line(name, total(all, 'bytes'), total(all, 'gzipBytes'));
  const part = (name: Sized['part']): Sized[] =>
    sizes.filter((size) => size.part === name).sort((a, b) => b.gzipBytes - a.gzipBytes);
  const listed = (all: readonly Sized[]): string[] =>
    all.map(({ file, bytes, gzipBytes }) => line(file, bytes, gzipBytes));
  const apart = part('apart');
  const later = part('later');
  return [
    ...(apart.length === 0 ? [] : ['Not loaded by the lab:', ...listed(apart)]),
    ...(later.length === 0 ? [] : ['Loaded when asked for:', ...listed(later)]),
    'First load:',
    ...listed(part('page')),
    ...listed(part('worker')),
    sum('page', part('page')),
    sum('worker', part('worker')),
    sum('together', firstLoad(sizes)),
  ];
}

function firstLoad(sizes: readonly Sized[]): Sized[] {
  return sizes.filter(({ part }) => part === 'page' || part === 'worker');
}

function total(sizes: readonly Sized[], of: 'bytes' | 'gzipBytes'): number {
  return sizes.reduce((sum, size) => sum + size[of], 0);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`.padStart(10);
}

/** Prints what the first load weighs, and fails the build where it is too much. */
export function bundleReport(limit = firstLoadLimit, later = askedFor): Plugin {
  let print = (_line: string): void => undefined;
  return {
    name: 'bundle-report',
    apply: 'build',
    configResolved({ logger }) {
      print = (line) => {
        logger.info(line);
      };
    },
    writeBundle(_, bundle) {
      const sizes = sizesOf(bundle, later);
      const gzipBytes = total(firstLoad(sizes), 'gzipBytes');
      for (const line of ['', ...tableOf(sizes)]) print(line);
      const [weight, most] = [gzipBytes, limit].map((bytes) => kilobytes(bytes).trim());
      if (gzipBytes <= limit) print(`  of ${String(most)} that it may weigh\n`);
      else {
        this.error(
          `The first load weighs ${String(weight)} (gzip), but may weigh ${String(most)}. Load what is not needed at once later, or leave out what grew.`,
        );
      }
    },
  };
}
