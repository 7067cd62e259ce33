import { labName } from './labName.ts';

/** In local storage while there is something to restore: without it a visit need not ask. */
const key = 'm-grpo-lab.kept';

/** Notes that what the page shows is kept. */
export function noteKept(): void {
  try {
    localStorage.setItem(key, labName());
  } catch {
    // Then it is found in Runs.
  }
}

/** Whether something was kept, on this visit or an earlier one. */
export function wasKept(): boolean {
  try {
    return localStorage.getItem(key) !== null;
  } catch {
    return false;
  }
}
