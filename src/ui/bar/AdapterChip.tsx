import { useLab } from '../useStore.ts';

/** Which device trains, with a badge where it is no GPU. */
export function AdapterChip() {
  const adapter = useLab((state) => state.adapter);
  const recorded = useLab((state) => state.recorded);
  if (adapter === null) return <span className="chip">{recorded ? 'No WebGPU' : 'WebGPU'}</span>;
  const { vendor, architecture, description, software, features } = adapter;
  const name = description || [vendor, architecture].filter((part) => part !== '').join(' ') || 'WebGPU';
  const offered = features.length === 0 ? 'no optional features' : features.join(', ');
  return (
    <span
      className="chip"
      title={`${recorded ? 'Trained on ' : ''}${vendor} ${architecture}\n${description}\n${offered}`}
    >
      <span className="chip-name">{name}</span>
      {software ? (
        <span className="badge" title="A CPU stands in for a GPU: everything works, slowly">
          software
        </span>
      ) : null}
    </span>
  );
}
