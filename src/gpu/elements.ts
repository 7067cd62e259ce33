import { LabError } from '../lib/labError.ts';
import type { WgslModule } from './shader.ts';

/** Where the figures of one element lie, in floats from its start, and its length. */
export interface Elements<Name extends string> {
  readonly floats: number;
  readonly at: Readonly<Record<Name, number>>;
}

/**
 * How to read an array of structs that a shader writes: by the names that it gives them, in whatever order.
 * @param names of the fields that are wanted
 * @throws LabError `bug` naming what the shader has
 */
export function elementsOf<Name extends string>(
  shader: WgslModule,
  binding: string,
  names: readonly Name[],
): Elements<Name> {
  const element = shader.bindings.find(({ name }) => name === binding)?.element;
  const fields = element?.fields ?? {};
  const places = names.map((name) => {
    const place = fields[name];
    if (place === undefined) {
      throw new LabError(
        'bug',
        `${shader.name}: "${binding}" has no field "${name}".`,
        `It has: ${Object.keys(fields).join(', ') || 'no fields at all'}.`,
      );
    }
    return [name, place] as const;
  });
  return { floats: element?.floats ?? 0, at: Object.fromEntries(places) as Record<Name, number> };
}
