/** What the lanes of this page are kept under; others once lanes are opened anew. */
let name = '';

export function labName(): string {
  return name;
}

/** @param kept of lanes that were kept; without it a new one */
export function nameLab(kept?: string): void {
  name = kept ?? (canKeep() ? crypto.randomUUID() : '');
}

/** What the lanes that this entry of the browser's history showed are kept under; null for a link. */
export function nameHere(): string | null {
  const state: unknown = history.state;
  const here = typeof state === 'object' && state !== null && 'lab' in state ? state.lab : null;
  return typeof here === 'string' ? here : null;
}

/** Notes the name beside the address, so that a reload finds the lanes, whatever else was kept meanwhile. */
export function keepName(): void {
  const state: unknown = history.state;
  history.replaceState({ ...(typeof state === 'object' ? state : null), lab: name }, '');
}

/** Whether this browser has a file system of its own for pages; it may still refuse it, as in private windows. */
export function canKeep(): boolean {
  return globalThis.isSecureContext && 'storage' in navigator && 'getDirectory' in navigator.storage;
}
