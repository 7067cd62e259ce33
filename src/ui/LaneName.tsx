/** Letters at the end of a long name that are not cut: clones and settings differ there. */
const keptEnd = 9;

/**
 * The name of a lane, which is cut in its middle where it has no room. It is parted at a space: between two boxes a
 * screen reader hears one.
 */
export function LaneName({ name }: { readonly name: string }) {
  const space = name.indexOf(' ', Math.max(1, name.length - keptEnd));
  const cut = name.length > keptEnd && space > 0 ? space : name.length;
  return (
    <strong className="lane-name" title={name}>
      <span>{name.slice(0, cut)}</span>
      <span>{name.slice(cut)}</span>
    </strong>
  );
}
