import { fileURLToPath } from 'node:url';
import { defineConfig } from 'eslint/config';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';
import { importDirection } from './build/importDirection.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));

/** The order of the rooms under src, from the lowest: a room imports only rooms before it, types included. */
const order = [
  'lib',
  'spec',
  ['gpu', 'model', 'tasks', 'rl'],
  ['algorithms', 'engine', 'diagnostics'],
  'settings',
  'records',
  'trainer',
  ['storage', 'onnx'],
  'host',
  ['session', 'bench', 'experiments'],
  'asking',
  'store',
  ['ui', 'cli'],
];

/** Lower rooms that a room knows nothing of all the same. */
const page = {
  never: ['gpu', 'engine', 'trainer', 'host', 'session', 'bench', 'asking'],
  except: ['session/protocol.ts', 'bench/protocol.ts', 'asking/protocol.ts'],
};
const limits = {
  algorithms: { never: ['gpu', 'model', 'tasks'], because: 'the rules know no GPU' },
  engine: { never: ['tasks', 'rl'], because: 'the engine knows no algorithm' },
  diagnostics: { never: ['gpu', 'model'], because: 'the rules know no GPU' },
  settings: { never: ['gpu', 'engine'], because: 'settings are plain data' },
  store: { ...page, because: 'the page knows no trainer but its protocol' },
  ui: { ...page, because: 'the page knows no trainer but its protocol' },
  cli: { never: ['store'], because: 'that is the state of the page' },
};

/** What lies outside src: shader text alone. */
const outside = { shaders: ['gpu', 'engine'] };

const lab = { rules: { 'import-direction': importDirection({ order, limits, outside, root }) } };

export default defineConfig(
  { ignores: ['dist/', 'public/', 'runs/', 'node_modules/', 'reports/', '.stryker-tmp/'] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^@/', message: 'Relative imports with their ending only.' }] },
      ],
    },
  },
  {
    files: ['src/**/*.{ts,tsx}'],
    ignores: ['src/*.d.ts'],
    plugins: { lab },
    rules: {
      'lab/import-direction': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Same seed, same bits: use lib/philox.' },
      ],
    },
  },
  {
    files: ['src/ui/**/*.{ts,tsx}'],
    extends: [reactHooks.configs.flat.recommended],
  },
  {
    // Not TypeScript, so without types.
    files: ['**/*.{js,mjs}'],
    rules: {
      eqeqeq: 'error',
      'prefer-const': 'error',
      'no-unused-vars': ['error', { varsIgnorePattern: '^_' }],
    },
  },
);
