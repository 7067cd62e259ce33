const minute = 60_000;

/**
 * How long a test waits for one state, in ms. Tests wait for states, never for time: this is when one that is never
 * reached counts as missing, also on a machine whose cores are busy with something else.
 */
export const waitMs = 5 * minute;

/** When a whole test counts as hanging, in ms: later than any wait in it, which can say what it waited for. */
export const testMs = 20 * minute;
