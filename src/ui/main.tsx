import '../lib/trustedScripts.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { keepAddress, openOrRestore, queryHere } from '../store/address.ts';
import { askBeforeLeaving } from '../store/exportMetrics.ts';
import { followCursor } from '../store/follow.ts';
import { keepRuns } from '../store/keeping.ts';
import { lab } from '../store/lanes.ts';
import { trainIn, watchedKeeper } from '../store/trainerWorker.ts';
import { followAddress } from '../store/view.ts';
import { App } from './App.tsx';
import './lab.css';
import './bar/bar.css';
import './lanes/lanes.css';
import './story/story.css';
import './charts/charts.css';
import './charts/overlay.css';
import './charts/speed.css';
import './controls/controls.css';
import './rollouts/rollouts.css';
import './timeline/timeline.css';
import './states/states.css';
import './tour/tour.css';
import './narrow.css';
import './adapt.css';

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');

trainIn(
  () => new Worker(new URL('../session/worker.ts', import.meta.url), { type: 'module', name: 'trainer' }),
);
keepRuns(() =>
  watchedKeeper(
    new Worker(new URL('../storage/keeperWorker.ts', import.meta.url), { type: 'module', name: 'keeper' }),
  ),
);
keepAddress();
void openOrRestore(queryHere());
followAddress();
followCursor();
askBeforeLeaving();
// What is fetched to be kept must not hold up what the reader waits for.
const opened = lab.subscribe(({ state }) => {
  if (state === 'checking' || state === 'compiling') return;
  opened();
  import('./offline/offline.ts').then(({ keepOffline }) => keepOffline()).catch(() => undefined);
});
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
