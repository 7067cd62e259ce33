import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { bundleReport } from './build/bundleReport.ts';
import { isolation, policyInPage } from './build/headers.ts';
import { offline } from './build/offline.ts';
import { buildReceipt } from './build/receipt.ts';
import { findSwiftShader } from './src/cli/chromium.mjs';
import { thisLab } from './build/thisLab.ts';
import { testMs, waitMs } from './tests/patience.ts';
import { wgsl } from './build/wgslPlugin.ts';

/** Tests run on what a plain machine has, Chromium's software GPU, unless told otherwise. */
const LAB_VK_ICD = process.env.LAB_VK_ICD ?? findSwiftShader() ?? 'system';

/** A group of tests in tests/<name>; those on a device run one file at a time, as they share its cores. */
function tests(name: string, onDevice: boolean) {
  return {
    extends: true as const,
    test: {
      name,
      include: [`tests/${name}/**/*.test.{ts,tsx}`],
      environment: 'node' as const,
      pool: 'forks' as const,
      testTimeout: testMs,
      hookTimeout: testMs,
      expect: { poll: { timeout: waitMs } },
      fileParallelism: !onDevice,
      ...(onDevice ? { env: { LAB_VK_ICD }, sequence: { groupOrder: 1 } } : {}),
    },
  };
}

/** In the source `public/` lies beside index.html; served and built, what is in it does. */
const besidePage = {
  name: 'lab:beside-page',
  transformIndexHtml: {
    order: 'pre' as const,
    handler: (html: string) => html.replaceAll('="./public/', '="./'),
  },
};

export default defineConfig({
  base: './',
  define: { __LAB__: JSON.stringify(thisLab(import.meta.dirname)) },
  plugins: [
    react(),
    wgsl(),
    bundleReport(),
    offline(import.meta.dirname),
    buildReceipt(import.meta.dirname),
    besidePage,
    policyInPage(),
  ],
  worker: { format: 'es', plugins: () => [wgsl()] },
  // It finds its WebAssembly beside itself.
  optimizeDeps: { exclude: ['onnxruntime-web'] },
  // Browsers with WebGPU and module workers.
  build: {
    target: ['chrome121', 'edge121', 'firefox141', 'safari26'],
    outDir: 'dist',
    rolldownOptions: { input: ['index.html', 'bench.html'] },
    reportCompressedSize: false,
  },
  server: { headers: isolation },
  preview: { headers: isolation },
  test: {
    projects: [
      tests('house', false),
      tests('unit', false),
      tests('gpu', true),
      tests('invariants', true),
      tests('browser', true),
    ],
  },
});
