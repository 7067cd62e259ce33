import { useStore } from 'zustand';
import { agreeing } from '../../store/ask.ts';
import { hasUnsaved } from '../../store/exportMetrics.ts';
import { lab } from '../../store/lanes.ts';
import { dismissNewVersion, newVersion, takeOver } from './newVersion.ts';
import './offline.css';

/** Says that a new version of the lab is there, at the window's lower edge; nothing happens unless it is pressed. */
export function NewVersion() {
  const state = useStore(newVersion, (now) => now.state);
  return (
    <div role="status" className="new-version">
      {state === 'none' ? null : (
        <div className="card">
          <p>
            <strong>A new version of the lab is there.</strong>{' '}
            {state === 'others'
              ? 'Other tabs have the old one open: close them first.'
              : 'This page goes on with the old one.'}
          </p>
          <span className="buttons">
            <button type="button" disabled={state === 'taking over'} onClick={reload}>
              Reload with it
            </button>
            <button
              type="button"
              className="quiet"
              aria-label="Put this message away"
              onClick={dismissNewVersion}
            >
              ×
            </button>
          </span>
        </div>
      )}
    </div>
  );
}

function reload(): void {
  const lost = hasUnsaved() ? lab.getState().lanes : [];
  const answer = { label: 'Reload', act: takeOver, goesOn: false };
  agreeing('The new version of the lab', lost, answer, { stays: true });
}
