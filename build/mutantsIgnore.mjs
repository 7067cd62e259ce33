/** What is no behaviour of the lab, or can't be changed while it runs: a reason, or undefined to mutate. */
function reasonToIgnore(path) {
  const isGlob = path.isCallExpression() && path.get('callee').toString() === 'import.meta.glob';
  if (isGlob) return 'Vite expands it before anything runs: what it is given must be literals.';
  return undefined;
}

export const strykerPlugins = [{ kind: 'Ignore', name: 'lab', value: { shouldIgnore: reasonToIgnore } }];
