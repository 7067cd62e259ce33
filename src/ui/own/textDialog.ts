import type { HyperparameterKey } from '../../settings/hyperparameters.ts';
import type { TextHyperparameter } from '../../spec/hyperparameter.ts';

/** What the dialog of a text is told. */
export interface TextDialogProps {
  readonly id: HyperparameterKey;
  readonly knob: TextHyperparameter;
  readonly value: string;
  readonly onClose: () => void;
}
