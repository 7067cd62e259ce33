import type { ReactNode } from 'react';
import { openLink } from '../../store/actions.ts';
import { useLab } from '../useStore.ts';

interface Props {
  /** The query of the address that it leads to. */
  readonly search: string;
  /** What it opens, in a question. */
  readonly title: string;
  readonly children: ReactNode;
}

/** A link to the lab with other settings. It is followed within the page, which asks before a run would be lost. */
export function LabLink({ search, title, children }: Props) {
  const recorded = useLab((lab) => lab.recorded);
  if (recorded) return <span className="unit">To train it, a browser with WebGPU is needed.</span>;
  return (
    <a
      href={`?${search}`}
      onClick={(event) => {
        // Another tab is another lab.
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        openLink(search, title, () => {
          location.hash = 'lab';
        });
      }}
    >
      {children}
    </a>
  );
}
