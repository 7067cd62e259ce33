import { downloadCsv, downloadMetrics, downloadScript } from '../../store/exportMetrics.ts';
import { underWay } from '../../store/lanes.ts';
import { Menu } from '../Menu.tsx';
import { useLab } from '../useStore.ts';

/** What leaves the page as files. */
export function ExportMenu() {
  const started = useLab((lab) => underWay(lab.lanes));
  const lane = useLab((lab) => lab.lanes[lab.selected]?.name);
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
      {entry('Metrics as CSV', 'All lanes, a row a step', downloadCsv, started)}
      {lane === undefined ? null : (
        <>
          <p className="note">Settings of {lane}</p>
          {entry('TRL script', 'Python, for GRPOTrainer', () => void downloadScript('trl'))}
          {entry('verl launch script', 'Shell, for verl.trainer.main_ppo', () => void downloadScript('verl'))}
        </>
      )}
    </Menu>
  );
}
