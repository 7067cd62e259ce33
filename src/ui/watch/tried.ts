/** Log files that the rules for runs of other trainers were tried on, and those judged as their owners expect: docs/watch.md. */
export const tried = { files: 70, right: 70 } as const;
