import { Suspense, useState } from 'react';
import { useStore } from 'zustand';
import { asked } from '../../store/asked.ts';
import { lazily } from '../lazily.ts';
import { Boundary } from '../states/Boundary.tsx';

/** Loaded when it is unfolded: charts, knobs and rollouts are more than asking needs. */
const Train = lazily(() => import('./Train.tsx').then((part) => part.Train));
const TrainQuestion = lazily(() => import('./TrainQuestion.tsx').then((part) => part.TrainQuestion));

/** The part of the page that trains an adapter: folded at first, and there once a model is open. */
export function TrainSection() {
  const open = useStore(asked, ({ given }) => (given.model?.told ?? null) !== null);
  const run = useStore(asked, ({ train }) => train.run !== null);
  const [unfolded, setUnfolded] = useState(run);
  if (!open && !run) return null;
  return (
    <section className="card train" aria-labelledby="train-title">
      <h2 id="train-title">
        <button
          type="button"
          className="fold"
          aria-expanded={unfolded}
          onClick={() => {
            setUnfolded(!unfolded);
          }}
        >
          Train an adapter
        </button>
      </h2>
      {unfolded ? (
        <Boundary what="Training">
          <Suspense fallback={<div aria-busy="true" />}>
            <Train />
          </Suspense>
        </Boundary>
      ) : null}
      {run ? (
        <Boundary what="The question">
          <Suspense fallback={null}>
            <TrainQuestion />
          </Suspense>
        </Boundary>
      ) : null}
    </section>
  );
}
