import { Fragment } from 'react';
import { useStore } from 'zustand';
import { keepsAnchor } from '../../settings/relevance.ts';
import {
  downloadCsv,
  downloadFolder,
  downloadMetrics,
  downloadOnnx,
  downloadPage,
  downloadScript,
  downloadScripts,
} from '../../store/exportMetrics.ts';
import { underWay } from '../../store/lanes.ts';
import { canKeepFile, keepInFile, leaveFile, ownFile } from '../../store/ownFile.ts';
import { heldInWords } from '../keptWords.ts';
import { Menu } from '../Menu.tsx';
import { useLab, useView } from '../useStore.ts';

/** What leaves the page as files. */
export function ExportMenu() {
  const started = useLab((lab) => underWay(lab.lanes));
  // Parts, not the lane: it changes ten times a second.
  const several = useLab((lab) => lab.lanes.length > 1);
  const name = useLab((lab) => lab.lanes[lab.selected]?.name);
  const settings = useLab((lab) => lab.lanes[lab.selected]?.settings);
  const trains = useLab(
    ({ recorded, lanes, selected }) => !recorded && lanes[selected]?.standing === 'there',
  );
  const truthHidden = useView((state) => state.truthHidden);
  const { name: file, lanes: held } = useStore(ownFile);
  const entry = (label: string, title: string, act: () => void, able = true) => (
    <button type="button" className="quiet" title={title} disabled={!able} onClick={act}>
      {label}
    </button>
  );
  return (
    <Menu className="export" summary="Export" title="Metrics and settings as files">
      {entry(
        'Metrics as JSON lines',
        'All lanes: replayed bit for bit by npm run replay, and read by Watch',
        downloadMetrics,
        started,
      )}
      {!canKeepFile() ? null : file === null ? (
        entry(
          'Keep in a file of yours …',
          'A second copy of all lanes as JSON lines, written anew every half minute and at each pause: deleting the browser’s data leaves it alone',
          () => void keepInFile(),
          started,
        )
      ) : (
        <>
          {entry(`Leave ${file} as it is`, 'It is not kept up to date any more', leaveFile)}
          <p className="note" role="status">
            {file} {heldInWords(held)}
          </p>
        </>
      )}
      {truthHidden ? <p className="note">These files hold the truth, too.</p> : null}
      {entry('Metrics as CSV', 'All lanes, a row a step', downloadCsv, started)}
      {entry(
        'Run as a page',
        'All lanes: one HTML file with charts, settings and record, which opens from disk',
        () => void downloadPage(),
        started,
      )}
      {several
        ? entry('Scripts for TRL and verl', 'All lanes: a zip, a script a lane', () => void downloadScripts())
        : null}
      {name === undefined || settings === undefined ? null : (
        <>
          <p className="note">{name}: settings and models</p>
          {entry('TRL script', 'Python, for GRPOTrainer', () => void downloadScript('trl'))}
          {entry('verl launch script', 'Shell, for verl.trainer.main_ppo', () => void downloadScript('verl'))}
          {(['policy', 'anchor'] as const).map((side) => (
            <Fragment key={side}>
              {entry(
                `Hugging Face folder of the ${side}`,
                'As it is after the step under way, as a zip: transformers and TRL read it, and the page Model',
                () => void downloadFolder(side),
                trains && (side === 'policy' || keepsAnchor(settings)),
              )}
              {entry(
                `ONNX of the ${side}`,
                'As it is after the step under way, with KV cache, for ONNX Runtime',
                () => void downloadOnnx(side),
                trains && (side === 'policy' || keepsAnchor(settings)),
              )}
            </Fragment>
          ))}
        </>
      )}
    </Menu>
  );
}
