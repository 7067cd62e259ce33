import { drawBatch, drawPrompts, generation, initialWeights, length, models, packWeights } from './work.mjs';

/** The lab first: the others are compared with it. */
const contestants = {
  lab: () => import('./lab.mjs'),
  'TensorFlow.js': () => import('./tfjs.mjs'),
  'jax-js': () => import('./jax.mjs'),
};

/** Rounds, of which the first compile shaders and fill caches; their losses count, their times do not. */
const plans = {
  full: { batches: [16, 64], train: { rounds: 20, warmup: 4 }, generate: { rounds: 9, warmup: 2 } },
  quick: { batches: [16], train: { rounds: 8, warmup: 3 }, generate: { rounds: 4, warmup: 1 } },
};

/**
 * What the same work may differ by in f32; measured were at most 1.1e-5, 1.5e-4 and 0: the loss of any step, nats; the EMA
 * copy after the last step, as a share of the way it has come; greedy tokens, which near ties may turn.
 */
const tolerance = { loss: 5e-5, average: 1e-3, greedy: 0.02 };

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * Lets every runner do a round in turn, the first one changing from round to round, and takes out of the race who
 * fails.
 * @param runners name → async (round) => void
 * @returns name → { times: ms of the rounds after the warm-up } or { error }
 */
async function interleave(runners, { rounds, warmup }) {
  const results = new Map([...runners.keys()].map((name) => [name, { times: [] }]));
  for (let round = 0; round < rounds; round++) {
    const names = [...runners.keys()].filter((name) => results.get(name).error === undefined);
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length];
      try {
        const begun = performance.now();
        await runners.get(name)(round);
        if (round >= warmup) results.get(name).times.push(performance.now() - begun);
      } catch (error) {
        results.set(name, { error: describe(error) });
      }
    }
  }
  return results;
}

function describe(error) {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Rows of the table, from times and from what each contestant is found to differ by. */
function rows(work, batch, tokens, results, differences) {
  return [...results].map(([contestant, { times, error }]) => {
    const row = { contestant, work, batch };
    if (error !== undefined) return { ...row, error };
    const tokensPerS = (1000 * tokens) / median(times);
    return { ...row, tokensPerS, medianMs: median(times), times, ...differences(contestant) };
  });
}

async function train(entrants, config, batch, plan) {
  const weights = initialWeights(config);
  const { ready, failed } = await prepare(entrants, (entrant) => entrant.trainer(config, weights, batch));
  const losses = new Map([...ready.keys()].map((name) => [name, []]));
  const runners = new Map(
    [...ready].map(([name, trainer]) => [
      name,
      async (round) => {
        losses.get(name).push(await trainer.step(drawBatch(batch, round)));
      },
    ]),
  );
  const results = await interleave(runners, plan);

  const initial = packWeights(config, weights);
  const averages = new Map();
  for (const [name, trainer] of ready) {
    if (results.get(name).error === undefined) {
      const average = await trainer.average();
      averages.set(name, average instanceof Map ? packWeights(config, average) : average);
    }
    trainer.close();
  }
  const own = { losses: losses.get('lab'), average: averages.get('lab') };
  return [
    ...rows('train', batch, batch * length, results, (name) => {
      const theirs = losses.get(name);
      if (own.average === undefined) return { losses: theirs };
      return {
        losses: theirs,
        lossDifference: Math.max(...theirs.map((loss, step) => Math.abs(loss - own.losses[step]))),
        averageDifference:
          distance(averages.get(name), own.average, initial) / distance(own.average, initial, initial),
      };
    }),
    ...failed.map((row) => ({ ...row, work: 'train', batch })),
  ];
}

/** ‖a − b‖ over all tensors that `names` has. */
function distance(a, b, names) {
  let sum = 0;
  for (const name of Object.keys(names)) {
    a[name].values.forEach((value, i) => {
      sum += (value - b[name].values[i]) ** 2;
    });
  }
  return Math.sqrt(sum);
}

async function generate(entrants, config, plan) {
  const weights = initialWeights(config);
  const { ready, failed } = await prepare(entrants, (entrant) => entrant.generator(config, weights));
  const prompts = drawPrompts();
  const sequences = generation.prompts * generation.samples;
  const wanted = sequences * generation.tokens;
  const check = (tokens) => {
    const bad = tokens.length !== wanted || tokens.some((id) => !(id >= 0 && id < config.vocab_size));
    if (bad) throw new Error(`${tokens.length} tokens instead of ${wanted}, or not all in the vocabulary.`);
  };
  const runners = new Map(
    [...ready].map(([name, generator]) => [
      name,
      async (round) => check(await generator.generate(prompts, 1, round + 1)),
    ]),
  );
  const results = await interleave(runners, plan);
  const greedy = new Map();
  for (const [name, generator] of ready) {
    if (results.get(name).error === undefined) greedy.set(name, await generator.generate(prompts, 0, 0));
    generator.close();
  }
  return [
    ...rows('generate', sequences, wanted, results, (name) => {
      const own = greedy.get('lab');
      if (own === undefined) return {};
      return { greedyDifference: own.filter((id, i) => greedy.get(name)[i] !== id).length / wanted };
    }),
    ...failed.map((row) => ({ ...row, work: 'generate', batch: sequences })),
  ];
}

async function prepare(entrants, make) {
  const ready = new Map();
  const failed = [];
  for (const [name, entrant] of entrants) {
    try {
      ready.set(name, await make(entrant));
    } catch (error) {
      failed.push({ contestant: name, error: describe(error) });
    }
  }
  return { ready, failed };
}

/**
 * The whole comparison in one place: Node, or a page.
 * @param host `settle` waits for a promise of the GPU
 * @param log called with a line of progress
 * @returns adapters by contestant, and the rows of the table; a contestant that fails has `error` in its rows
 */
export async function race(host, { size, quick, log }) {
  const config = models[size];
  const plan = quick ? plans.quick : plans.full;
  const entrants = new Map();
  const adapters = {};
  const failed = [];
  for (const [name, load] of Object.entries(contestants)) {
    log(`${name}: opening`);
    try {
      const entrant = await (await load()).open(host);
      entrants.set(name, entrant);
      const { vendor, architecture, device, description } = entrant.device.adapterInfo;
      adapters[name] = [vendor, architecture, device, description].filter(Boolean).join(' · ');
    } catch (error) {
      failed.push({ contestant: name, work: 'open', batch: 0, error: describe(error) });
    }
  }
  const table = [...failed];
  for (const batch of plan.batches) {
    log(`train, batch ${batch}`);
    table.push(...(await train(entrants, config, batch, plan.train)));
  }
  log('generate');
  table.push(...(await generate(entrants, config, plan.generate)));

  for (const row of table) {
    const own = table.find(
      ({ contestant, work, batch }) => contestant === 'lab' && work === row.work && batch === row.batch,
    );
    if (row.error === undefined && own?.tokensPerS !== undefined) {
      row.labRatio = own.tokensPerS / row.tokensPerS;
      row.same =
        row.work === 'train'
          ? row.lossDifference <= tolerance.loss && row.averageDifference <= tolerance.average
          : row.greedyDifference <= tolerance.greedy;
    }
  }
  return { adapters, plan: entrants.get('lab')?.planOf(config), table, tolerance };
}
