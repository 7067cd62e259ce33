/** What `import shader from '….wgsl'` gives: made at build time by scripts/wgslPlugin.ts. */
declare module '*.wgsl' {
  const shader: import('../scripts/wgslPlugin.ts').WgslModule;
  export default shader;
}
