/** What `import shader from '….wgsl'` gives: made at build time by build/wgslPlugin.ts. */
declare module '*.wgsl' {
  const shader: import('./gpu/shader.ts').WgslModule;
  export default shader;
}
