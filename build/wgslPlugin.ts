import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { StructInfo, type VariableInfo, WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { WgslBinding, WgslElement, WgslFieldType, WgslModule, WgslParams } from '../src/gpu/shader.ts';
import { type AssembledWgsl, assembleWgsl, WgslSourceError } from './wgslAssemble.ts';

const fieldTypes: Readonly<Record<string, WgslFieldType>> = {
  u32: 'u32',
  i32: 'i32',
  f32: 'f32',
  vec4u: 'vec4u',
  'vec4<u32>': 'vec4u',
  vec4f: 'vec4f',
  'vec4<f32>': 'vec4f',
};

type Facts = Pick<WgslModule, 'bindings' | 'params' | 'overrides' | 'workgroupSize'>;

function lineOf(text: AssembledWgsl, pattern: RegExp): number {
  return Math.max(1, text.code.split('\n').findIndex((line) => pattern.test(line)) + 1);
}

function fail(message: string, text: AssembledWgsl, line: number): never {
  const { file, line: at } = text.origin(line);
  throw new WgslSourceError(message, file, at);
}

function paramsOf(uniform: VariableInfo, text: AssembledWgsl): WgslParams {
  const fields: Record<string, { offset: number; type: WgslFieldType }> = {};
  for (const member of uniform.members ?? []) {
    const type = fieldTypes[member.type.getTypeName()];
    if (type === undefined) {
      const allowed = [...new Set(Object.values(fieldTypes))].join(', ');
      fail(
        `Field "${member.name}" of params is ${member.type.getTypeName()}; allowed are ${allowed}.`,
        text,
        lineOf(text, new RegExp(`\\b${member.name}\\s*:`)),
      );
    }
    fields[member.name] = { offset: member.offset, type };
  }
  // A uniform block is bound in whole 16-byte rows.
  return { size: Math.ceil(uniform.size / 16) * 16, fields };
}

/** The fields of an array's struct where all are f32: figures that TypeScript reads. */
function elementOf({ format }: VariableInfo): { element?: WgslElement } {
  if (!(format instanceof StructInfo)) return {};
  const { members, size } = format;
  if (members.some(({ type }) => type.getTypeName() !== 'f32')) return {};
  return {
    element: {
      floats: size / 4,
      fields: Object.fromEntries(members.map(({ name, offset }) => [name, offset / 4])),
    },
  };
}

function accessOf(variable: VariableInfo): WgslBinding['access'] {
  return variable.access === 'read_write' || variable.access === 'write' ? 'read_write' : 'read';
}

/**
 * The text without comments and without what functions do, line for line: the reflection needs declarations
 * only, and its parser does not know every expression that WGSL allows.
 */
function declarationsOf(code: string): string {
  const blank = (part: string): string => part.replace(/[^\n]/g, ' ');
  const bare = code.replace(/\/\/.*|\/\*[^]*?\*\//g, blank);
  let result = '';
  let depth = 0;
  let inFunction = false;
  for (const [token] of bare.matchAll(/\bfn\b|[{}]|[^{}f]+|f/g)) {
    if (token === '}') depth -= 1;
    if (token === 'fn') inFunction = true;
    result += inFunction && depth > 0 ? blank(token) : token;
    if (token === '{') depth += 1;
    if (token === '}' && depth === 0) inFunction = false;
  }
  return result;
}

function reflect(text: AssembledWgsl): Facts {
  let shader: WgslReflect;
  try {
    shader = new WgslReflect(declarationsOf(text.code));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    fail(`Not understood: ${message}`, text, Number(/Line:?\s*(\d+)/i.exec(message)?.[1] ?? 1));
  }
  for (const uniform of shader.uniforms) {
    if (uniform.name === 'params' && shader.uniforms.length === 1) continue;
    fail(
      `A shader has one uniform, named params; this is "${uniform.name}".`,
      text,
      lineOf(text, /var<uniform>/),
    );
  }
  const place = ({ name, group, binding }: VariableInfo) => ({ name, group, binding });
  const [params] = shader.uniforms;
  const entries = shader.entry.compute;
  if (entries.length > 1) fail('A shader has one entry point.', text, entries[1]?.startLine ?? 1);
  const size = entries[0]?.attributes?.find(({ name }) => name === 'workgroup_size')?.value;
  const sizes = size === undefined || size === null ? null : Array.isArray(size) ? size : [size];
  return {
    bindings: [
      ...shader.storage.map((variable) => ({
        ...place(variable),
        access: accessOf(variable),
        ...elementOf(variable),
      })),
      ...shader.uniforms.map((variable) => ({ ...place(variable), access: 'uniform' as const })),
    ],
    params: params === undefined ? null : paramsOf(params, text),
    overrides: shader.overrides.map(({ name }) => name),
    workgroupSize: sizes?.map((part) => (/^\d+/.test(part) ? Number.parseInt(part) : part)) ?? null,
  };
}

/**
 * What a compiler needs of a text, line for line, so that its complaints name the right ones: a tenth of all a visitor
 * loads at first would be comments and indentation.
 */
export function withoutComments(code: string): string {
  return code
    .replace(/\/\/.*|\/\*[^]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/^[ \t]+|[ \t]+$/gm, '');
}

/**
 * Reads a shader: fragments in front, and what it declares.
 * @param root the folder `shaders/`
 * @param file absolute path of the shader
 * @param shown what of each text is handed on
 * @throws WgslSourceError where the text cannot be read, or where twins declare different things
 */
export function readWgsl(
  root: string,
  file: string,
  shown = (code: string): string => code,
): { module: WgslModule; files: readonly string[] } {
  const { name, uses, files, variants } = assembleWgsl(root, file);
  const read = Object.values(variants).map((text) => ({ text, facts: reflect(text) }));
  const [first, second] = read;
  if (first === undefined) throw new WgslSourceError('No text.', file, 1);
  if (second !== undefined && JSON.stringify(second.facts) !== JSON.stringify(first.facts)) {
    fail('The subgroup and workgroup twins declare different bindings or overrides.', second.text, 1);
  }
  const texts = Object.fromEntries(
    Object.entries(variants).map(([key, { code, enables }]) => [key, { code: shown(code), enables }]),
  );
  return { module: { name, variants: texts, ...first.facts, uses }, files };
}

/** Vite plugin: `import shader from './x.wgsl'` gives a {@link WgslModule}. */
export function wgsl(): Plugin {
  const root = fileURLToPath(new URL('../shaders', import.meta.url));
  return {
    name: 'lab:wgsl',
    load: {
      filter: { id: /\.wgsl$/ },
      handler(id) {
        try {
          const built = this.environment.config.command === 'build';
          const { module, files } = readWgsl(root, id, built ? withoutComments : undefined);
          for (const file of files) if (file !== id) this.addWatchFile(file);
          return { code: `export default ${JSON.stringify(module)};`, map: null, moduleType: 'js' };
        } catch (error) {
          if (!(error instanceof WgslSourceError)) throw error;
          const { message, file, line } = error;
          this.error({ message: `${file}:${String(line)}: ${message}`, loc: { file, line, column: 0 } });
        }
      },
    },
    /** A fragment is part of every text that uses it: all shaders are read again. */
    hotUpdate({ file }) {
      if (!file.endsWith('.wgsl')) return undefined;
      const modules = [...this.environment.moduleGraph.idToModuleMap.values()];
      return modules.filter(({ id }) => id?.endsWith('.wgsl') === true);
    },
  };
}
