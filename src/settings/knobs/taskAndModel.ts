import { models } from '../../model/models.ts';
import { choice, integer, text, toggle, type Hyperparameter } from '../../spec/hyperparameter.ts';
import { ownTasks, tasks } from '../../tasks/index.ts';
import { hasLevels } from '../relevance.ts';

/** What is learnt, and from where the policy starts. */
export const taskAndModelKnobs = {
  model: choice({
    label: 'Base model',
    group: 'Task and model',
    options: Object.fromEntries(Object.entries(models).map(([id, { label }]) => [id, label])),
    default: 'sort-32',
    applies: 'restart',
    help: 'Where the policy starts. Each base model knows one task.',
  }),
  task: choice({
    label: 'Task',
    group: 'Task and model',
    options: Object.fromEntries(
      Object.entries({ ...tasks, ...ownTasks }).map(([id, { name }]) => [id, name]),
    ),
    default: 'sort',
    applies: 'restart',
    help: 'What is trained. It follows the base model, or prompts of your own.',
  }),
  prompts: text({
    label: 'Own prompts',
    group: 'Task and model',
    format: 'jsonl',
    maxLength: 100_000,
    default: '',
    applies: 'restart',
    help: 'JSON lines, {"prompt": "12+7=", "answer": "91"}, 2 to 2000 of them; "answer" may be left out and is never shown to the learner. The model must write #91. to give an answer. A tenth is held out for evaluation. Any base model can be tried on them.',
    relevant: {
      when: (s) => Object.hasOwn(ownTasks, s.task),
      otherwise: 'The task makes its own prompts. Writing some chooses the custom task.',
    },
  }),
  taskLevel: integer({
    label: 'Level',
    group: 'Task and model',
    range: [1, 12],
    default: 5,
    applies: 'restart',
    help: 'Difficulty of the training prompts: digits to sort, digits per summand, operations in a chain.',
    relevant: hasLevels,
  }),
  promptPool: integer({
    label: 'Prompt pool',
    group: 'Task and model',
    range: [0, 65_536],
    default: 0,
    applies: 'restart',
    unit: 'prompts',
    help: 'How many different prompts the run sees, epoch after epoch; 0: fresh ones at every step. Small pools are said to collapse later (arXiv 2603.08660).',
    source: 'arXiv 2603.08660',
  }),
  halfPrecision: toggle({
    label: 'Half-precision activations',
    group: 'Task and model',
    default: false,
    applies: 'restart',
    help: 'Stores activations, keys and values in 16 bits: half their memory, 11 bits of precision. Sums, weights, gradients and the optimiser stay in 32. Needs a GPU with shader-f16.',
  }),
} satisfies Record<string, Hyperparameter>;
