/** Version and commit of the lab, put in place by vite.config.ts from build/thisLab.ts. */
declare const __LAB__: { readonly version: string; readonly commit: string | null };
