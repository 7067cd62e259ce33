import { LabError } from '../lib/labError.ts';

/**
 * WebGPU of this browser.
 * @throws LabError `no-adapter` where there is none
 */
export function browserGpu(): GPU {
  // Older browsers, and pages without HTTPS, have no navigator.gpu.
  const { gpu: webgpu } = navigator as { gpu?: GPU };
  if (webgpu === undefined) {
    throw new LabError(
      'no-adapter',
      'This browser has no WebGPU.',
      'Use a current Chrome or Edge (113 or later), Safari 26 or Firefox 141, over https or on localhost.',
    );
  }
  return webgpu;
}
