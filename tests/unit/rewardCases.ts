/** Code that nests as deep as it is told: each takes its share of the interpreter's stack, and another of the host's. */
export const deepCases: readonly { readonly what: string; readonly code: (depth: number) => string }[] = [
  ['calls', (n: number) => `const f = (n) => (n === 0 ? 0 : f(n - 1) + 1); f(${String(n)})`],
  ['JSON.stringify', (n: number) => `JSON.stringify(nested(${String(n)}))`],
  ['JSON.parse', (n: number) => `JSON.parse('['.repeat(${String(n)}) + ']'.repeat(${String(n)}))`],
  [
    'a reviver',
    (n: number) => `JSON.parse('['.repeat(${String(n)}) + ']'.repeat(${String(n)}), (_, v) => v)`,
  ],
  ['text of lists', (n: number) => `String(nested(${String(n)}))`],
  ['flat', (n: number) => `nested(${String(n)}).flat(Infinity)`],
  ['brackets', (n: number) => `new Function('('.repeat(${String(n)}) + '1' + ')'.repeat(${String(n)}))`],
  [
    'templates',
    (n: number) => `new Function('\`\${'.repeat(${String(n)}) + '1' + '}\`'.repeat(${String(n)}))`,
  ],
  ['proxies', (n: number) => `let p = {}; for (let i = 0; i < ${String(n)}; i++) p = new Proxy(p, {}); p.x`],
  [
    'bound functions',
    (n: number) =>
      `let f = () => 1; for (let i = 0; i < ${String(Math.min(n, 3000))}; i++) f = f.bind(); f()`,
  ],
  [
    'generators',
    (n: number) =>
      `function* g(n) { if (n > 0) yield* g(n - 1); yield 1; } for (const _ of g(${String(n)}));`,
  ],
].map(([what, body]) => ({
  what: what as string,
  code: (depth: number) =>
    `function nested(n) { let a = [1]; for (let i = 0; i < n; i++) a = [a]; return a; }\n` +
    `function reward() {\n  ${(body as (n: number) => string)(depth)};\n  return 1;\n}`,
}));
