import { Suspense } from 'react';
import type { RunState } from '../../session/protocol.ts';
import { endTour, goToStop } from '../../store/view.ts';
import { lazily } from '../lazily.ts';
import { Boundary } from '../states/Boundary.tsx';
import { useLab, useView } from '../useStore.ts';

const AtStop = lazily(() => import('./AtStop.tsx').then((part) => part.AtStop));

const shownIn: readonly RunState[] = ['ready', 'training', 'paused', 'finished'];

/** A card beside one part of the live page after the other; the page stays in use. A first visitor is asked once. */
export function Tour() {
  const at = useView((state) => state.tour);
  // Until there is something to be led through, the place is taken by what is waited for, or by what went wrong.
  const waiting = useLab(({ state }) => !shownIn.includes(state));
  if (at === null) return null;
  if (at === 'offered') return waiting ? null : <Offer />;
  return (
    <Boundary what="The tour">
      <Suspense fallback={null}>
        <AtStop key={at} number={at} />
      </Suspense>
    </Boundary>
  );
}

function Offer() {
  return (
    <aside className="tour card offer" aria-label="Tour">
      <p>New here? A tour of the page takes a minute.</p>
      <p className="buttons">
        <button type="button" onClick={endTour}>
          No, thanks
        </button>
        <button
          type="button"
          className="go"
          onClick={() => {
            goToStop(0);
          }}
        >
          Take the tour
        </button>
      </p>
    </aside>
  );
}
