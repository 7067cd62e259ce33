/** Shows the lab, where what was opened is. */
export function goToLab(): void {
  location.hash = 'lab';
}
