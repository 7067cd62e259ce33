import type { Provenance } from './run.ts';

/** The lab that is running, or was built. */
export const thisLab: Provenance['lab'] = __LAB__;
