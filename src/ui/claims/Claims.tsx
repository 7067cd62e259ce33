import { claimExperiments } from '../../experiments/claims.ts';
import { ClaimCard } from './ClaimCard.tsx';
import { evidence, judged } from './evidence.ts';
import './claims.css';

/** The page that holds the paper's claims against the lab's own runs. */
export function Claims() {
  const all = Object.values(evidence);
  const runs = all.reduce((sum, each) => sum + each.runs.length, 0);
  const steps = Math.max(...evidence.sort.runs.map(({ summary }) => summary?.steps ?? 0));
  return (
    <main className="claims">
      <header>
        <h1>The paper’s claims, tried here</h1>
        <p>
          {`${runs} runs of ${steps.toLocaleString('en')} steps on two tasks, sorting digits and adding; each line is a seed of ${evidence.sort.experiment.seeds.join(', ')}. `}
          The models are tiny: that a claim does not hold for them says nothing of large ones, but that more
          is needed for it.
        </p>
        <p className="unit">
          Made by{' '}
          {Object.values(claimExperiments).map((name, at) => (
            <span key={name}>
              {at === 0 ? '' : ' and '}
              <code>npm run experiment -- {name}</code>
            </span>
          ))}
          ; each file in results/ names its adapter, kernels and version.
        </p>
      </header>
      <div className="claims-cards">
        {judged.map((each) => (
          <ClaimCard key={each.id} judged={each} />
        ))}
      </div>
    </main>
  );
}
