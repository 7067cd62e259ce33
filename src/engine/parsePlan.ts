import { object, optional, picklist, safeParse } from 'valibot';
import { activationTypes, matmulForms, type Plan, rolloutLayouts } from './plan.ts';

const form = picklist(matmulForms);
const planSchema = object({
  rollout: picklist(rolloutLayouts),
  // Records from before there was a choice name none.
  activations: optional(picklist(activationTypes), 'f32'),
  matmul: object({ forward: form, backward: form, weight: form }),
});

/** A plan from a record, or as text from a memory. @returns null for what is none, as after a change of version */
export function parsePlan(value: unknown): Plan | null {
  const { success, output } = safeParse(planSchema, typeof value === 'string' ? fromJson(value) : value);
  return success ? output : null;
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
