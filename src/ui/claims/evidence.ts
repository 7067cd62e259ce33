import { claimExperiments, judgeClaims } from '../../experiments/claims.ts';
import { measuredFrom } from '../../experiments/measured.ts';

/** What the claims are judged on, loaded with the page. */
const files: Readonly<Record<string, unknown>> = {
  ...import.meta.glob<unknown>(['../../../experiments/paper-{sort,add}.json'], {
    eager: true,
    import: 'default',
  }),
  ...import.meta.glob<unknown>(['../../../results/paper-{sort,add}/*.json'], {
    eager: true,
    import: 'default',
  }),
};

const of = (name: string) => measuredFrom(name, (path) => files[`../../../${path}`]);

/** By task, the experiment and its runs. */
export const evidence = { sort: of(claimExperiments.sort), add: of(claimExperiments.add) } as const;

/** All claims, with what became of them. */
export const judged = judgeClaims((task) => evidence[task]);
