import { useState } from 'react';
import { type PresetName, presetName, presetNames, presets } from '../../settings/presets.ts';
import { choosePreset, furtherSteps, goOn, reset, step, trainOrPause } from '../../store/actions.ts';
import { sharedAddress } from '../../store/address.ts';
import { stepOf, underWay } from '../../store/lanes.ts';
import { openRecorded, recordedPresets } from '../../store/recorded.ts';
import { pin, setZoom } from '../../store/view.ts';
import { useLab } from '../useStore.ts';
import { AdapterChip } from './AdapterChip.tsx';
import { ExportMenu } from './ExportMenu.tsx';
import { Navigation } from './Navigation.tsx';
import { Progress } from './Progress.tsx';
import { ThemeSwitch } from './ThemeSwitch.tsx';

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
  const further = useLab(furtherSteps);
  const training = state === 'training';
  const able = training || state === 'ready' || state === 'paused';
  return (
    <div className="buttons" role="group" aria-label="Run">
      <button
        type="button"
        className="go"
        disabled={!able && further === null}
        aria-keyshortcuts="Space"
        title={
          further !== null
            ? `All steps are made. Raises Steps to ${further} and trains on`
            : training
              ? 'Pause (space)'
              : 'Train (space)'
        }
        onClick={further === null ? trainOrPause : goOn}
      >
        <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
          <path d={training ? 'M1 0h3v10H1zM6 0h3v10H6z' : 'M1 0l9 5-9 5z'} />
        </svg>
        {further !== null ? 'Go on' : training ? 'Pause' : 'Train'}
      </button>
      <button
        type="button"
        disabled={!able}
        aria-keyshortcuts="s"
        title="One step of every lane (s)"
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
          pin(null);
          setZoom(null);
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

/** How long the button says that it copied. */
const saidMs = 2000;

function ShareButton() {
  const [said, setSaid] = useState('Share');
  const say = (words: string): void => {
    setSaid(words);
    setTimeout(() => {
      setSaid('Share');
    }, saidMs);
  };
  return (
    <button
      type="button"
      className="share"
      title="Copy a link that holds every setting that differs from the default"
      onClick={() => {
        const address = sharedAddress();
        if (address === null) {
          say('Too long');
          return;
        }
        navigator.clipboard.writeText(address).then(
          () => {
            say('Copied');
          },
          // The address bar holds the same link: say so where the clipboard is closed to the page.
          () => {
            say('See address');
          },
        );
      }}
    >
      <span aria-live="polite">{said}</span>
    </button>
  );
}
