import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { PresetName } from '../../settings/presets.ts';
import { lab, type LabState } from '../../store/lanes.ts';
import { openRecorded, recordedLab, recordedPresets } from '../../store/recorded.ts';
import { pin, setZoom, view } from '../../store/view.ts';

/** A lab that is ready sooner shows nothing else first. */
const patienceMs = 1500;

/**
 * Whether a recorded run of the preset is shown in place of lanes that can't train yet: while the GPU is checked and
 * kernels compile, and no lane has anything to show. What was pinned or zoomed to in it goes when it goes.
 */
export function useMeanwhile(): boolean {
  const preset = useStore(lab, waitedFor);
  const [loaded, setLoaded] = useState<PresetName | null>(null);
  const alike =
    useStore(recordedLab, ({ lanes }) => lanes.length) === useStore(lab, ({ lanes }) => lanes.length);
  useEffect(() => {
    if (preset === null) return;
    let gone = false;
    const timer = setTimeout(() => {
      void openRecorded(preset, document.baseURI).then((there) => {
        if (there && !gone) setLoaded(preset);
      });
    }, patienceMs);
    return () => {
      gone = true;
      clearTimeout(timer);
      setLoaded(null);
    };
  }, [preset]);
  const shown = preset !== null && loaded === preset && alike;
  useEffect(() => {
    if (!shown) return;
    const { pinned, zoom } = view.getState();
    return () => {
      pin(pinned);
      setZoom(zoom);
    };
  }, [shown]);
  return shown;
}

/** The preset that nothing can be seen of yet, if there is a recorded run of it. */
function waitedFor({ state, lanes, preset }: LabState): PresetName | null {
  if (state !== 'checking' && state !== 'compiling') return null;
  if (lanes.some(({ history }) => history.length > 0)) return null;
  return recordedPresets.find((each) => each === preset) ?? null;
}
