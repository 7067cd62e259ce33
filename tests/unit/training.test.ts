import { readdirSync, readFileSync } from 'node:fs';
import { unzipSync } from 'fflate';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { AskCommand, AskEvent, AskState, TrainedRun, Wish } from '../../src/asking/protocol.ts';
import { nothing } from '../../src/asking/protocol.ts';
import { AskSession } from '../../src/asking/session.ts';
import { failureOfRun, liveChanges } from '../../src/asking/trained.ts';
import type { Gpu } from '../../src/gpu/device.ts';
import { LabError } from '../../src/lib/labError.ts';
import { defaultAdapter } from '../../src/settings/adapterKnobs.ts';
import { defaultSettings, validateSettings } from '../../src/settings/settings.ts';
import { metricIds, toRow } from '../../src/spec/metrics.ts';
import {
  asked,
  askNow,
  closeFolder,
  exportSaid,
  giveFolder,
  wished,
  wishFor,
} from '../../src/store/asked.ts';
import { filesIn } from '../../src/store/saveAdapter.ts';
import {
  answerTraining,
  askAdapter,
  noteSaved,
  planned,
  setTrainKnob,
  trainedLab,
  unsavedSteps,
} from '../../src/store/training.ts';
import { zipOf } from '../../src/store/zip.ts';

/** What the page is told of its worker. */
interface Told {
  vanished?: () => void;
  silent?: (silent: boolean) => void;
  watched?: boolean;
}
const pulse = vi.hoisted((): Told => ({}));
vi.mock('../../src/store/watchPulse.ts', async (actual) => ({
  ...(await actual<typeof import('../../src/store/watchPulse.ts')>()),
  watchPulse: (_: unknown, told: typeof pulse) => {
    Object.assign(pulse, told, { watched: true });
    return () => {
      pulse.watched = false;
    };
  },
}));

const folder = 'public/models/sort-64-early';
const files = readdirSync(folder).map((name) => new File([readFileSync(`${folder}/${name}`)], name));
const prompts = ['5314', '9081', '6635', '2718'].map((digits) => `{"prompt": "${digits}=", "answer": "1"}`);
const small = validateSettings({ steps: 2, promptsPerStep: 2, groupSize: 4 });
const wish: Wish = {
  ...{ groupSize: 2, temperature: 1, maxTokens: 4, seed: 1, rows: 8 },
  ...{ chat: false, weights: 'file', memoryBytes: null, answer: null },
};

/** A session that was given a model and a plan, once it has said what training takes. */
async function priced(
  openGpu: () => Promise<Gpu>,
  plan: Partial<Extract<AskCommand, { type: 'plan' }>['plan']> = {},
  typed = prompts.join('\n'),
): Promise<AskState['train']> {
  let state = nothing;
  const runReward = () => Promise.reject(new Error('no reward of one’s own'));
  const session = new AskSession(
    { openGpu, runReward, now: () => 0, memoryBytes: 2 ** 33 },
    (event: AskEvent) => {
      if (event.type === 'state') state = { ...state, ...event.state };
    },
  );
  session.receive({ type: 'open', slot: 'model', name: 'sort-64-early', files });
  session.receive({ type: 'wish', prompts: typed, wish });
  session.receive({
    type: 'plan',
    plan: { settings: small, choice: { ...defaultAdapter, rank: 2 }, memoryBytes: null, ...plan },
  });
  await vi.waitFor(() => {
    expect(state.train.refused).not.toBeNull();
  });
  return state.train;
}

const lora = {
  ...{ ...defaultAdapter, targets: [...defaultAdapter.targets] },
  ...{ model: 'sort', from: false, made: { prompts: 1, base: 2, factors: 3 } },
};

const noGpu = () => Promise.reject(new LabError('no-adapter', 'There is no adapter.', 'Use another.'));
const someGpu = () =>
  Promise.resolve({
    device: { limits: { maxStorageBufferBindingSize: 2 ** 30, maxBufferSize: 2 ** 30 }, destroy: () => null },
    adapter: { software: false },
    lost: new Promise(() => undefined),
    errors: [],
  } as unknown as Gpu);

describe('what training takes', () => {
  it('is said before a device is there: prompts, numbers, bytes', async () => {
    const { price, refused } = await priced(noGpu);
    expect(price).toMatchObject({ training: 3, heldOut: 1, known: 4, rank: 2 });
    if (price === null) throw new Error('a price');
    // A and B of seven matrices in each layer, rank 2.
    const {
      hidden_size: hidden,
      intermediate_size: inner,
      ...config
    } = JSON.parse(readFileSync(`${folder}/config.json`, 'utf8')) as Record<string, number>;
    const [heads = 0, kv = 0, head = 0, layers = 0] = [
      config['num_attention_heads'],
      config['num_key_value_heads'],
      config['head_dim'],
      config['num_hidden_layers'],
    ];
    const widths = [heads * head, kv * head, kv * head].reduce((sum, out) => sum + (hidden ?? 0) + out, 0);
    const rest = heads * head + (hidden ?? 0) + 3 * ((hidden ?? 0) + (inner ?? 0));
    expect(price.size).toBe(2 * layers * (widths + rest));
    expect(price.totalBytes).toBeGreaterThan(price.weightsBytes + price.cacheBytes + price.updateBytes);
    expect(refused?.code).toBe('no-adapter');
  });
  it('is refused in the words of the command where it does not fit', async () => {
    const { refused } = await priced(someGpu, { memoryBytes: 1e6 });
    expect(refused).toMatchObject({ code: 'does-not-fit' });
    expect(refused?.sentence).toMatch(/^This needs [\d.]+ MB, and there are 1\.0 MB\.$/);
  });
  it('is refused for an answer and prompts that can’t be had', async () => {
    const choice = { ...defaultAdapter, answer: '(' };
    expect((await priced(noGpu, { choice })).refused?.code).toBe('bad-setting');
    expect((await priced(noGpu, {}, '5314=')).refused?.sentence).toMatch(/There is one prompt/);
  });
});

it('what goes on takes live knobs alone, and a lost device says what is left', () => {
  const now = validateSettings({ learningRate: 1e-4, groupSize: 8 });
  expect(liveChanges(defaultSettings, now)).toEqual({ learningRate: 1e-4 });
  const lost = new LabError('device-lost', 'The GPU device was lost: gone', '');
  expect(failureOfRun(lost, 10).remedy).toMatch(/The adapter of step 10 is kept/);
  expect(failureOfRun(lost, null).remedy).toMatch(/No adapter was kept/);
});

it('an adapter is saved as PEFT’s folder with the anchor’s in it, stored as it is', async () => {
  const weights = Uint8Array.from({ length: 1000 }, (_, i) => i % 7);
  const policy = [
    { name: 'adapter_config.json', content: '{}' },
    { name: 'adapter_model.safetensors', content: weights },
  ];
  const blob = zipOf(filesIn('mine', { step: 3, policy, anchor: policy }));
  expect(blob.size).toBeGreaterThan(2000);
  const held = unzipSync(new Uint8Array(await blob.arrayBuffer()));
  expect(Object.keys(held)).toEqual([
    'mine/adapter_config.json',
    'mine/adapter_model.safetensors',
    'mine/anchor/adapter_config.json',
    'mine/anchor/adapter_model.safetensors',
  ]);
  expect(held['mine/anchor/adapter_model.safetensors']).toEqual(weights);
});

describe('the page', () => {
  const sent: AskCommand[] = [];
  let worker: { onmessage?: (message: { data: AskEvent }) => void } = {};
  let ended = 0;
  const tell = (data: AskEvent): void => worker.onmessage?.({ data });
  const run: TrainedRun = {
    ...{ name: 'mine', doing: 'training', done: 0, all: 0, step: 3, steps: 9, miss: null, stepSeconds: 1 },
    ...{ kept: null, forkable: [], failed: null, refused: null, heldBytes: 0, based: true },
  };
  const tellRun = (change: Partial<TrainedRun>): void => {
    const train = { price: null, refused: null, failed: null, run: { ...run, ...change } };
    tell({ type: 'state', state: { train } });
  };
  beforeEach(() => {
    sent.length = 0;
    ended = 0;
    vi.stubGlobal(
      'Worker',
      class {
        constructor() {
          worker = this as unknown as typeof worker;
        }
        postMessage(command: AskCommand): void {
          sent.push(command);
        }
        terminate(): void {
          ended++;
        }
      },
    );
    giveFolder('model', 'sort', files);
    tell({
      type: 'state',
      state: {
        given: { model: { name: 'sort', told: 'a model', chat: null, refused: null }, against: null },
      },
    });
    const adapter = { vendor: '', architecture: '', description: '', software: true, features: [] };
    tell({ type: 'begun', lora, name: 'mine', settings: small, adapter: adapter });
    const rows = new Float64Array(metricIds.length * 2);
    rows.set(toRow({ step: 0, 'eval/sampled': 0.5 }));
    rows.set(toRow({ step: 1, 'reward/mean': 0.25 }), metricIds.length);
    tell({ type: 'run', event: { type: 'rows', lane: 0, count: 2, rows } });
    tellRun({});
    return () => {
      if (asked.getState().given.model !== null) closeFolder('model');
      answerTraining(true);
      vi.unstubAllGlobals();
    };
  });

  it('tells its worker what is asked once, and of changed knobs those alone', () => {
    const prompts = () => sent.flatMap((command) => (command.type === 'wish' ? [command.prompts] : []));
    const mine = new File(['{"prompt": "1="}'], 'mine.jsonl');
    wishFor({ file: mine });
    askNow();
    wishFor({ wish: { groupSize: 3 } });
    askNow();
    wishFor({ file: null });
    askNow();
    expect(prompts()).toEqual([wished.getState().typed, mine, null, wished.getState().typed]);
    // Another worker knows nothing of it.
    noteSaved(3);
    closeFolder('model');
    answerTraining(true);
    giveFolder('model', 'sort', files);
    expect(prompts().at(-1)).toBe(wished.getState().typed);
    closeFolder('model');
  });

  it('says that its worker is gone, and tells who waits for something of it', async () => {
    const saved = askAdapter();
    const exported = exportSaid();
    pulse.vanished?.();
    await expect(saved).rejects.toThrow(/^The models’ worker is gone: the browser ended it/);
    await exported;
    const { failed, given } = asked.getState();
    expect(failed?.sentence).toMatch(/^The models’ worker is gone: .* where memory runs short\.$/);
    expect(failed?.remedy).toMatch(/^What it held is lost: .* Give the folder once more/);
    expect([given.model, pulse.watched, ended]).toEqual([null, false, 1]);
    expect(trainedLab.getState().lanes).toEqual([]);
  });

  it('says that its worker hangs until it answers again', () => {
    pulse.silent?.(true);
    expect(asked.getState().failed?.sentence).toBe(
      'The models’ worker hangs: it has answered nothing for half a minute.',
    );
    pulse.silent?.(false);
    expect(asked.getState().failed).toBeNull();
  });

  it('tells who waits for an export that the model was closed', async () => {
    const exported = exportSaid();
    noteSaved(3);
    closeFolder('model');
    answerTraining(true);
    await exported;
    expect(asked.getState().failed?.sentence).toBe('The model was closed meanwhile.');
  });

  it('says why an export can’t be had', async () => {
    const exported = exportSaid();
    const answer = { code: 'does-not-fit', sentence: 'Too long.', remedy: 'Take less.' } as const;
    tell({ type: 'lines', answer });
    await exported;
    expect(asked.getState().failed).toEqual(answer);
  });

  it('draws the rows of a run, and its changes', () => {
    const [lane] = trainedLab.getState().lanes;
    expect(lane?.history.latest('reward/mean')).toBe(0.25);
    setTrainKnob('learningRate', 1e-4);
    expect(sent.find(({ type }) => type === 'change')).toMatchObject({ changes: { learningRate: 1e-4 } });
    const event = {
      type: 'changed',
      lane: 0,
      step: 1,
      changes: { learningRate: 1e-4 },
      by: 'reader',
    } as const;
    tell({ type: 'run', event });
    expect(trainedLab.getState().lanes[0]?.changes).toHaveLength(1);
    expect(trainedLab.getState().marks[0]?.text).toMatch(/step 1: .*→ 1e-4/);
    setTrainKnob('groupSize', 0);
    expect(planned.getState().refusal?.key).toBe('groupSize');
  });

  it('asks before a folder that trains is closed, and loses nothing until the reader agrees', () => {
    closeFolder('model');
    expect(ended).toBe(0);
    expect(planned.getState().question?.cost).toMatch(/discards the adapter of 3 steps, which was not saved/);
    answerTraining(false);
    expect(asked.getState().given.model).not.toBeNull();
    closeFolder('model');
    answerTraining(true);
    expect(ended).toBe(1);
    expect(trainedLab.getState().lanes).toEqual([]);
  });

  it('does not ask once the run has ended and its adapter is in a file', () => {
    tellRun({ doing: 'ended', kept: 3 });
    expect(unsavedSteps()).toBe(3);
    noteSaved(3);
    expect(unsavedSteps()).toBe(0);
    closeFolder('model');
    expect(planned.getState().question).toBeNull();
    expect(ended).toBe(1);
  });

  it('knows that what is made after going back is in no file', () => {
    noteSaved(3);
    tellRun({ doing: 'ended', kept: 2 });
    expect(unsavedSteps()).toBe(2);
    tell({ type: 'run', event: { type: 'rewound', lane: 0, step: 2 } });
    tellRun({ step: 3 });
    expect(unsavedSteps()).toBe(3);
    noteSaved(3);
    expect(unsavedSteps()).toBe(0);
    // Gone on from what is in a file, it is so still.
    tell({ type: 'run', event: { type: 'rewound', lane: 0, step: 3 } });
    expect(unsavedSteps()).toBe(0);
  });
});
