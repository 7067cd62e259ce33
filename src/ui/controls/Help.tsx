import { useContext } from 'react';
import type { HyperparameterKey } from '../../settings/hyperparameters.ts';
import { allowedValues } from '../../settings/settings.ts';
import { describeValue } from '../../store/describe.ts';
import { knobOf } from '../../store/lanes.ts';
import { KnobsContext } from './knobs.ts';

export interface HelpAnchor {
  readonly key: HyperparameterKey;
  /** Top of the control on the screen, in pixels. */
  readonly top: number;
}

interface Props {
  readonly anchor: HelpAnchor;
  /** Why the knob can have no effect now, or null. */
  readonly irrelevant: string | null;
}

/** Height kept free below the top of the help, so that it never leaves the screen. */
const room = 190;

/** What a knob does, beside its control while that is hovered or focused. */
export function Help({ anchor, irrelevant }: Props) {
  const knob = knobOf(anchor.key);
  const { restarts } = useContext(KnobsContext);
  const top = Math.max(8, Math.min(anchor.top, window.innerHeight - room));
  return (
    <div id="control-help" role="tooltip" className="help card" style={{ top }}>
      <strong>{knob.label}</strong>
      <p>{knob.help}</p>
      {irrelevant === null ? null : <p className="help-irrelevant">No effect now. {irrelevant}</p>}
      <dl>
        <div>
          <dt>allowed</dt>
          <dd>{allowedValues(anchor.key)}</dd>
        </div>
        <div>
          <dt>default</dt>
          <dd>
            {describeValue(anchor.key, knob.default)} {knob.unit ?? ''}
          </dd>
        </div>
        {knob.paper === undefined ? null : (
          <div>
            <dt>paper</dt>
            <dd>{describeValue(anchor.key, knob.paper)}</dd>
          </div>
        )}
        <div>
          <dt>applies</dt>
          <dd>{knob.applies === 'live' ? 'at the next step' : restarts}</dd>
        </div>
        {knob.source === undefined ? null : (
          <div>
            <dt>source</dt>
            <dd>{knob.source}</dd>
          </div>
        )}
      </dl>
    </div>
  );
}
