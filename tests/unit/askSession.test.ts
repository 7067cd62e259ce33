import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { saidOf } from '../../src/asking/answers.ts';
import type { AskCommand, AskEvent, AskState, Wish } from '../../src/asking/protocol.ts';
import { nothing } from '../../src/asking/protocol.ts';
import { AskSession } from '../../src/asking/session.ts';
import { LabError } from '../../src/lib/labError.ts';
import type { Gpu } from '../../src/gpu/device.ts';

/** What models would do on a device: nothing is computed here. */
const { does } = vi.hoisted(() => ({
  does: {
    load: (): boolean => true,
    divergence: (_index: number, _told: () => boolean): number => 0.5,
    destroyed: 0,
  },
}));
vi.mock('../../src/asking/asking.ts', () => ({
  priceOf: () => ({ low: 1, high: 2 }),
  Asking: class {
    readonly gpu: Gpu;
    readonly works = [];
    sizeBytes = 0;
    constructor(gpu: Gpu) {
      this.gpu = gpu;
    }
    measure() {
      return Promise.resolve({});
    }
    load() {
      const loaded = does.load();
      this.sizeBytes = 1000;
      return Promise.resolve(loaded);
    }
    sample() {
      const tokens = { tokens: [1], truncated: false };
      const figures = { logProbs: new Float32Array(1), entropies: new Float32Array(1) };
      const tokenizer = { decode: () => '#### 1' };
      return Promise.resolve([0, 0, 1, 1].map((at) => saidOf(tokenizer, at, { ...tokens, ...figures })));
    }
    divergence(index: number, _said: unknown, _question: unknown, told: () => boolean) {
      return Promise.resolve(does.divergence(index, told));
    }
    release() {
      this.sizeBytes = 0;
    }
    destroy() {
      does.destroyed++;
    }
  },
}));

const folder = 'public/models/sort-64-early';
const files = readdirSync(folder).map((name) => new File([readFileSync(`${folder}/${name}`)], name));
const wish: Wish = {
  ...{ groupSize: 2, temperature: 1, maxTokens: 4, seed: 1, rows: 8 },
  ...{ chat: false, weights: 'file', memoryBytes: null, answer: null },
};
const device = { limits: { maxStorageBufferBindingSize: 2 ** 30, maxBufferSize: 2 ** 30 } };

let state: AskState = nothing;
let told: AskEvent[] = [];
let errors: object[] = [];
let send: (command: AskCommand) => void = () => undefined;
const given = does.load;
beforeEach(async () => {
  [state, told, errors] = [nothing, [], []];
  [does.load, does.destroyed, does.divergence] = [given, 0, () => 0.5];
  const lost = new Promise<string>(() => undefined);
  const gpu = { device, adapter: { software: false }, lost, errors } as unknown as Gpu;
  const host = {
    ...{ openGpu: () => Promise.resolve(gpu), runReward: () => Promise.reject(new Error('none')) },
    ...{ now: () => 0, memoryBytes: 2 ** 33 },
  };
  const session = new AskSession(host, (event) => {
    told.push(event);
    if (event.type === 'state') state = { ...state, ...event.state };
  });
  send = (command) => {
    session.receive(command);
  };
  send({ type: 'open', slot: 'model', name: 'first', files });
  send({ type: 'open', slot: 'against', name: 'second', files });
  send({ type: 'wish', prompts: '5314=\n9081=', wish });
  send({ type: 'ask' });
  await vi.waitFor(() => {
    expect(state.between).not.toBeNull();
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe('what is refused', () => {
  const refused = async (): Promise<AskState['failed']> => {
    send({ type: 'ask' });
    await vi.waitFor(() => {
      expect(state.failed).not.toBeNull();
    });
    return state.failed;
  };

  it('leaves the device, and what is loaded, as they are', async () => {
    expect(state.heldBytes).toBe(1000);
    send({ type: 'wish', prompts: null, wish: { ...wish, memoryBytes: 1000 } });
    expect((await refused())?.code).toBe('does-not-fit');
    expect([does.destroyed, state.heldBytes]).toEqual([0, 1000]);
  });

  it('ends the device where that has met an error, as anything else does', async () => {
    does.load = () => {
      errors.push({});
      throw new LabError('bad-file', 'It ends too early.', 'Copy it anew.');
    };
    expect((await refused())?.sentence).toBe('It ends too early.');
    await vi.waitFor(() => {
      expect([does.destroyed, state.heldBytes]).toEqual([1, 0]);
    });
    does.load = () => {
      throw new TypeError('no such thing');
    };
    errors.length = 0;
    send({ type: 'ask' });
    await vi.waitFor(() => {
      expect([does.destroyed, state.failed?.sentence]).toEqual([2, 'no such thing']);
    });
  });
});

it('what is stopped while two are compared is no number', async () => {
  expect(state.between).toMatchObject({ forth: 0.5, back: 0.5 });
  does.divergence = (index, goesOn) => {
    if (index === 0) return 0.25;
    send({ type: 'stop' });
    return goesOn() ? 0.25 : NaN;
  };
  send({ type: 'ask' });
  await vi.waitFor(() => {
    expect(state.between).toMatchObject({ forth: 0.25, back: null });
  });
});

it('knobs that change leave the prompts as they are', async () => {
  send({ type: 'wish', prompts: null, wish: { ...wish, groupSize: 3 } });
  await vi.waitFor(() => {
    expect(state.price).toMatchObject({ prompts: 2, completions: 6 });
  });
  send({ type: 'wish', prompts: '5314=', wish });
  await vi.waitFor(() => {
    expect(state.price).toMatchObject({ prompts: 1, completions: 2 });
  });
});

it('all that was said is exported; what can’t be is said in a sentence, and the session goes on', async () => {
  send({ type: 'lines' });
  const file = told.at(-1);
  if (file?.type !== 'lines' || 'code' in file.answer) throw new Error('a file');
  expect((await file.answer.text()).trim().split('\n')).toHaveLength(2 * 2 * 2);
  vi.stubGlobal(
    'Blob',
    vi.fn(function () {
      throw new RangeError('Array buffer allocation failed');
    }),
  );
  send({ type: 'lines' });
  const answer = {
    code: 'does-not-fit',
    sentence: 'The completions can’t be written as a file: Array buffer allocation failed.',
    remedy: 'They are all here still. Close other tabs and try again, or ask fewer prompts at a time.',
  };
  expect(told.at(-1)).toEqual({ type: 'lines', answer });
  send({ type: 'show', prompt: 1 });
  expect(state.shown.said.map(({ count }) => count)).toEqual([2, 2]);
});
