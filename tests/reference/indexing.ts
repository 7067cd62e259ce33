/** What the oracle reads: plain or typed arrays, float32 inputs included. */
export type Numbers = ArrayLike<number>;

/** Element i. Throws outside the array: an oracle that reads past an end would call a wrong kernel right. */
export function at(values: Numbers, i: number): number {
  const value = values[i];
  if (value === undefined) throw new RangeError(`index ${i} of an array of ${values.length}`);
  return value;
}

/** values[i] += amount, refusing to write outside. */
export function add(values: Float64Array, i: number, amount: number): void {
  values[i] = at(values, i) + amount;
}

/** Throws when an array does not have the length its shape says. */
export function expectLength(name: string, values: Numbers, length: number): void {
  if (values.length !== length)
    throw new RangeError(`${name} has ${values.length} numbers, its shape says ${length}`);
}
