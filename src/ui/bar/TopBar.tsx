import { type PresetName, presetName, presetNames, presets } from '../../settings/presets.ts';
import { choosePreset, reset, step } from '../../store/actions.ts';
import { stepOf, underWay } from '../../store/lanes.ts';
import { openRecorded, recordedPresets } from '../../store/recorded.ts';
import { showAllSteps } from '../../store/view.ts';
import { useLab } from '../useStore.ts';
import { AdapterChip } from './AdapterChip.tsx';
import { ExportMenu } from './ExportMenu.tsx';
import { Navigation } from './Navigation.tsx';
import { Progress } from './Progress.tsx';
import { ShareButton } from './ShareButton.tsx';
import { ThemeSwitch } from './ThemeSwitch.tsx';
import { TrainButton, whyNot } from './TrainButton.tsx';

/** The controls of the run, its progress, and what one does with it. A recorded run has none. */
export function TopBar() {
  const recorded = useLab((lab) => lab.recorded);
  return (
    <header className="top-bar">
      <h1>M-GRPO Lab</h1>
      <Navigation />
      {recorded ? null : <RunButtons />}
      {recorded ? <RecordedBadge /> : <Progress />}
      <PresetChoice />
      <AdapterChip />
      <div className="buttons" role="group" aria-label="Page">
        {recorded ? null : <RecordButtons />}
        <ThemeSwitch />
      </div>
    </header>
  );
}

function RunButtons() {
  const state = useLab((lab) => lab.state);
  const started = useLab((lab) => underWay(lab.lanes));
  const why = whyNot(state);
  return (
    <div className="buttons" role="group" aria-label="Run">
      <TrainButton />
      <button
        type="button"
        disabled={why !== null}
        aria-keyshortcuts="s"
        title={why ?? 'One step of every lane (s)'}
        onClick={step}
      >
        Step
      </button>
      <button
        type="button"
        disabled={!started}
        aria-keyshortcuts="r"
        title="Back to step 0 with these settings (r)"
        onClick={reset}
      >
        Reset
      </button>
    </div>
  );
}

/** What takes the place of the progress. */
function RecordedBadge() {
  const seed = useLab((lab) => lab.lanes[0]?.settings.seed);
  const steps = useLab((lab) => Math.max(0, ...lab.lanes.map(stepOf)));
  return (
    <p className="recorded-run">
      <b className="badge">recorded</b>{' '}
      {seed === undefined ? 'Loading …' : `seed ${seed}, ${steps} steps; nothing trains here`}
    </p>
  );
}

function PresetChoice() {
  const preset = useLab((lab) => lab.preset);
  const recorded = useLab((lab) => lab.recorded);
  const offered: readonly PresetName[] = recorded ? recordedPresets : presetNames;
  return (
    <label className="preset" title={presets[preset].summary}>
      <span className="visually-hidden">{recorded ? 'Recorded preset' : 'Preset'}</span>
      <select
        value={preset}
        onChange={(event) => {
          const name = presetName(event.target.value);
          if (!recorded) {
            choosePreset(name);
            return;
          }
          showAllSteps();
          void openRecorded(name, document.baseURI);
        }}
      >
        {offered.map((name) => (
          <option key={name} value={name} title={presets[name].summary}>
            {presets[name].title}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What leaves the page. */
function RecordButtons() {
  return (
    <>
      <ShareButton />
      <ExportMenu />
    </>
  );
}
