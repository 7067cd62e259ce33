/** Letters at the end of a long name that are never cut: clones and settings differ there. */
const keptEnd = 9;

/** The name of a lane, which is cut in its middle where it has no room. */
export function LaneName({ name }: { readonly name: string }) {
  const cut = Math.max(0, name.length - keptEnd);
  return (
    <strong className="lane-name" title={name}>
      <span>{name.slice(0, cut)}</span>
      <span>{name.slice(cut)}</span>
    </strong>
  );
}
