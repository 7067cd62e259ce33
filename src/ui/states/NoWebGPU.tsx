import { useStore } from 'zustand';
import { presets } from '../../settings/presets.ts';
import { retry } from '../../store/actions.ts';
import { lab } from '../../store/lanes.ts';
import { openRecorded, recordedLab } from '../../store/recorded.ts';

const remedies: readonly { readonly browser: string; readonly mark: RegExp; readonly what: string }[] = [
  {
    browser: 'Edge',
    mark: /Edg\//,
    what: 'Version 113 or later. Open edge://gpu: if WebGPU is listed as disabled, switch on “Use graphics acceleration when available” under Settings → System and restart.',
  },
  {
    browser: 'Firefox',
    mark: /Firefox\//,
    what: 'Version 141 or later on Windows, 145 or later on macOS with Apple silicon. Elsewhere use Firefox Nightly, or set dom.webgpu.enabled in about:config.',
  },
  {
    browser: 'Chrome',
    mark: /Chrome\//,
    what: 'Version 113 or later. Open chrome://gpu: if WebGPU is listed as disabled, switch on “Use graphics acceleration when available” under Settings → System and restart. On Linux also enable chrome://flags/#enable-unsafe-webgpu and #enable-vulkan.',
  },
  { browser: 'Safari', mark: /Safari\//, what: 'Safari 26 or later, on macOS, iOS or iPadOS 26.' },
];

/**
 * Why nothing can be trained here, what is shown instead, and what to do in each browser; the reader's own comes first.
 */
export function NoWebGPU() {
  const failure = useStore(lab, (state) => state.failure);
  const missing = useStore(recordedLab, (state) => state.failure);
  const preset = useStore(recordedLab, (state) => state.preset);
  const own = remedies.findIndex(({ mark }) => mark.test(navigator.userAgent));
  const ordered = [...remedies.slice(own, own + 1), ...remedies.filter((_, index) => index !== own)];
  return (
    <section className="no-webgpu" role="alert">
      <p>
        <strong>This browser offers no WebGPU: nothing can be trained here.</strong>{' '}
        {missing === null
          ? `What you see is a recorded run of the preset ${presets[preset].title}: point at the charts, drag the timeline, look at its rollouts.`
          : `${missing.sentence} ${missing.remedy}`}
      </p>
      {missing === null ? null : (
        <button
          type="button"
          onClick={() => {
            void openRecorded(preset, document.baseURI);
          }}
        >
          Try again
        </button>
      )}
      <details>
        <summary>What to do</summary>
        <div className="card">
          <p>
            {failure?.sentence ?? 'The lab trains a model on your own GPU, and this page was given none.'}
          </p>
          {failure === null || failure.remedy === '' ? null : <p>{failure.remedy}</p>}
          <dl>
            {ordered.map(({ browser, what }, index) => (
              <div key={browser} data-own={index === 0 && own >= 0}>
                <dt>
                  {browser}
                  {index === 0 && own >= 0 ? ' (yours)' : ''}
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <p className="unit">
            WebGPU also needs a secure address: https, or localhost. Nothing is ever trained on the CPU in
            silence.
          </p>
          <p className="buttons">
            <button type="button" onClick={retry}>
              Look for a GPU once more
            </button>
          </p>
        </div>
      </details>
    </section>
  );
}
