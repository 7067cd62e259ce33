/** Sections of the controls, in the order of the page. */
export const hyperparameterGroups = [
  'Algorithm',
  'Rollouts',
  'Anchor',
  'Filter',
  'Objective',
  'Optimiser',
  'Guard',
  'Task and model',
  'Evaluation',
] as const;
export type HyperparameterGroup = (typeof hyperparameterGroups)[number];

export type SettingValue = number | string | boolean;

/** How a slider spreads its range; 'towardsOne' is logarithmic in 1 − value (0.9, 0.99, 0.999 evenly apart). */
export type Scale = 'linear' | 'log' | 'towardsOne';

/**
 * The settings a `relevant` condition may consult. Spelled out because `Settings` is inferred from
 * the table whose entries hold the conditions; `Settings` satisfies it.
 */
export interface Consulted {
  readonly algorithm: string;
  readonly task: string;
  readonly anchorShare: number;
  readonly groupSize: number;
  readonly monitorAnchor: boolean;
  readonly updatesPerBatch: number;
  readonly lrSchedule: string;
  readonly guard: string;
  readonly evalMajorityPrompts: number;
  readonly momentumSchedule: string;
}

/** When a knob can have an effect, and the sentence to show when it can't. */
export interface Relevance {
  readonly when: (settings: Consulted) => boolean;
  readonly otherwise: string;
}

interface Entry<Value extends SettingValue> {
  readonly label: string;
  readonly group: HyperparameterGroup;
  readonly default: Value;
  /** The paper's value, where it states one. */
  readonly paper?: Value;
  /** 'live' takes effect at the next step's edge; 'restart' needs a new run. */
  readonly applies: 'live' | 'restart';
  readonly unit?: string;
  /** What it does, in a sentence or two. */
  readonly help: string;
  readonly source?: string;
  readonly relevant?: Relevance;
}

interface Numeric {
  /** Both ends allowed. */
  readonly range: readonly [min: number, max: number];
  /** Of the slider; 'linear' unless said. */
  readonly scale?: Scale;
  /** Of the slider and the number field; any value in the range is valid. */
  readonly step?: number;
}

export interface RealHyperparameter extends Entry<number>, Numeric {
  readonly kind: 'real';
}
export interface IntegerHyperparameter extends Entry<number>, Numeric {
  readonly kind: 'integer';
}
export interface ChoiceHyperparameter<Value extends string = string> extends Entry<Value> {
  readonly kind: 'choice';
  /** Value → label, in the order of the page. */
  readonly options: Readonly<Record<Value, string>>;
}
export interface ToggleHyperparameter extends Entry<boolean> {
  readonly kind: 'toggle';
}
export interface TextHyperparameter extends Entry<string> {
  readonly kind: 'text';
  /** How the page edits it. */
  readonly format: 'jsonl' | 'javascript';
  /** UTF-16 code units. */
  readonly maxLength: number;
}

/** One knob: its key in the table is its field in `Settings`, its URL key and (kebab case) its flag. */
export type Hyperparameter =
  | RealHyperparameter
  | IntegerHyperparameter
  | ChoiceHyperparameter
  | ToggleHyperparameter
  | TextHyperparameter;

/** A real number in a closed range. */
export function real(entry: Omit<RealHyperparameter, 'kind'>): RealHyperparameter {
  return { kind: 'real', ...entry };
}

/** A whole number in a closed range. */
export function integer(entry: Omit<IntegerHyperparameter, 'kind'>): IntegerHyperparameter {
  return { kind: 'integer', ...entry };
}

/** One of a fixed list of words. */
export function choice<Value extends string>(
  entry: Omit<ChoiceHyperparameter<Value>, 'kind' | 'default' | 'paper'> & {
    readonly default: NoInfer<Value>;
    readonly paper?: NoInfer<Value>;
  },
): ChoiceHyperparameter<Value> {
  return { kind: 'choice', ...entry };
}

/** On or off. */
export function toggle(entry: Omit<ToggleHyperparameter, 'kind'>): ToggleHyperparameter {
  return { kind: 'toggle', ...entry };
}

/** Words of the user's own, of one line or many. */
export function text(entry: Omit<TextHyperparameter, 'kind'>): TextHyperparameter {
  return { kind: 'text', ...entry };
}

/** The value type of one entry. */
export type ValueOf<Knob> =
  Knob extends ChoiceHyperparameter<infer Value>
    ? Value
    : Knob extends ToggleHyperparameter
      ? boolean
      : Knob extends TextHyperparameter
        ? string
        : number;

/** The settings a table describes. */
export type SettingsOf<Table> = { readonly [Key in keyof Table]: ValueOf<Table[Key]> };

/** Why a knob can have no effect under these settings, or null when it can. */
export function irrelevance(knob: Hyperparameter, settings: Consulted): string | null {
  return knob.relevant === undefined || knob.relevant.when(settings) ? null : knob.relevant.otherwise;
}
