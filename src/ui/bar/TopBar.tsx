import { useState } from 'react';
import { presetName, presetNames, presets } from '../../settings/presets.ts';
import { choosePreset, furtherSteps, goOn, reset, step, trainOrPause } from '../../store/actions.ts';
import { sharedAddress } from '../../store/address.ts';
import { downloadMetrics } from '../../store/exportMetrics.ts';
import { underWay } from '../../store/lanes.ts';
import { useLab } from '../useStore.ts';
import { AdapterChip } from './AdapterChip.tsx';
import { Navigation } from './Navigation.tsx';
import { Progress } from './Progress.tsx';
import { ThemeSwitch } from './ThemeSwitch.tsx';

/** The controls of the run, its progress, and what one does with it. */
export function TopBar() {
  const state = useLab((lab) => lab.state);
  const preset = useLab((lab) => lab.preset);
  const started = useLab((lab) => underWay(lab.lanes));
  const further = useLab(furtherSteps);
  const training = state === 'training';
  const able = training || state === 'ready' || state === 'paused';
  return (
    <header className="top-bar">
      <h1>M-GRPO Lab</h1>
      <Navigation />
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
      <Progress />
      <label className="preset" title={presets[preset].summary}>
        <span className="visually-hidden">Preset</span>
        <select
          value={preset}
          onChange={(event) => {
            choosePreset(presetName(event.target.value));
          }}
        >
          {presetNames.map((name) => (
            <option key={name} value={name} title={presets[name].summary}>
              {presets[name].title}
            </option>
          ))}
        </select>
      </label>
      <AdapterChip />
      <div className="buttons" role="group" aria-label="Page">
        <ShareButton />
        <button
          type="button"
          disabled={!started}
          title="Download the metrics of all lanes as JSON lines"
          onClick={downloadMetrics}
        >
          Export
        </button>
        <ThemeSwitch />
      </div>
    </header>
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
