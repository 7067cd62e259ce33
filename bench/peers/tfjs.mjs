import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-webgpu';
import { generation, length, optimizer, packWeights, rotary } from './work.mjs';

/** TensorFlow.js on its WebGPU backend: eager, tidied, its own gradients and Adam. */
export async function open(host) {
  await tf.setBackend('webgpu');
  await tf.ready();
  const read = (tensor) => host.settle(tensor.data());

  function rmsNorm(x, gain, eps) {
    return x.mul(tf.rsqrt(x.square().mean(-1, true).add(eps))).mul(gain);
  }

  /** x [B, heads, T, D]; cos, sin [T, D/2] */
  function rotate(x, { cos, sin }) {
    const [a, b] = tf.split(x, 2, -1);
    return tf.concat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], -1);
  }

  /**
   * One decoder layer.
   * @param x [B·T, H]
   * @param past keys and values [B, K, S, D] before these tokens, or undefined
   * @returns x, and keys and values with these tokens appended
   */
  function layer(config, p, i, x, B, T, rope, mask, past) {
    const { num_attention_heads: N, num_key_value_heads: K, head_dim: D, rms_norm_eps: eps } = config;
    const qkv = tf.matMul(rmsNorm(x, p[`inputNorm${i}`], eps), p[`qkv${i}`]);
    const parts = qkv.reshape([B, T, N + 2 * K, D]).transpose([0, 2, 1, 3]);
    const [q0, k0, v0] = tf.split(parts, [N, K, K], 1);
    const q = rotate(rmsNorm(q0, p[`queryNorm${i}`], eps), rope);
    const own = rotate(rmsNorm(k0, p[`keyNorm${i}`], eps), rope);
    const k = past === undefined ? own : tf.concat([past.k, own], 2);
    const v = past === undefined ? v0 : tf.concat([past.v, v0], 2);
    const S = k.shape[2];
    // Query heads of one key head lie side by side: no key is repeated.
    const scores = tf.matMul(q.reshape([B, K, (N / K) * T, D]), k, false, true).mul(1 / Math.sqrt(D));
    const masked = mask === null ? scores : scores.reshape([B, N, T, S]).add(mask);
    const weights = tf.softmax(masked).reshape([B, K, (N / K) * T, S]);
    const attended = tf.matMul(weights, v).reshape([B, N, T, D]).transpose([0, 2, 1, 3]);
    const y = x.add(tf.matMul(attended.reshape([B * T, N * D]), p[`output${i}`]));
    const gateUp = tf.matMul(rmsNorm(y, p[`postNorm${i}`], eps), p[`gateUp${i}`]);
    const [gate, up] = tf.split(gateUp, 2, -1);
    return { x: y.add(tf.matMul(gate.mul(tf.sigmoid(gate)).mul(up), p[`down${i}`])), k, v };
  }

  function logitsOf(config, p, x) {
    return tf.matMul(rmsNorm(x, p.finalNorm, config.rms_norm_eps), p.embedding, false, true);
  }

  function ropeTensors(config, positions) {
    const { cos, sin } = rotary(config, positions);
    const shape = [positions, config.head_dim / 2];
    return { cos: tf.tensor2d(cos, shape), sin: tf.tensor2d(sin, shape) };
  }

  /** 0 where a token sees another, −∞ (nearly) where not, [T, T] */
  function causalMask(T) {
    return tf.tidy(() => tf.sub(tf.linalg.bandPart(tf.ones([T, T]), -1, 0), 1).mul(1e9));
  }

  return {
    device: tf.backend().device,

    async trainer(config, weights, batch) {
      const packed = packWeights(config, weights);
      const p = {};
      const average = {};
      for (const [name, { shape, values }] of Object.entries(packed)) {
        p[name] = tf.variable(tf.tensor(values, shape));
        average[name] = tf.variable(tf.tensor(values, shape), false);
      }
      const adam = tf.train.adam(optimizer.learningRate, optimizer.beta1, optimizer.beta2, optimizer.epsilon);
      const rope = ropeTensors(config, length);
      const mask = causalMask(length);
      const V = config.vocab_size;

      function loss(inputs, targets) {
        // A vocabulary this small is looked up fastest by a product.
        let x = tf.matMul(tf.oneHot(inputs, V), p.embedding);
        for (let i = 0; i < config.num_hidden_layers; i++) {
          ({ x } = layer(config, p, i, x, batch, length, rope, mask));
        }
        return tf
          .logSoftmax(logitsOf(config, p, x))
          .mul(targets)
          .sum()
          .mul(-1 / (batch * length));
      }

      return {
        async step(sequences) {
          const value = tf.tidy(() => {
            const inputs = tf.tensor1d(
              sequences.flatMap((s) => s.slice(0, -1)),
              'int32',
            );
            const targets = tf.oneHot(
              tf.tensor1d(
                sequences.flatMap((s) => s.slice(1)),
                'int32',
              ),
              V,
            );
            const cost = adam.minimize(() => loss(inputs, targets), true);
            for (const [name, variable] of Object.entries(average)) {
              variable.assign(tf.movingAverage(variable, p[name], optimizer.momentum, undefined, false));
            }
            return cost;
          });
          const [number] = await read(value);
          value.dispose();
          return number;
        },
        async average() {
          const result = {};
          for (const [name, variable] of Object.entries(average)) {
            result[name] = { shape: variable.shape, values: await read(variable) };
          }
          return result;
        },
        close() {
          adam.dispose();
          tf.dispose([p, average, rope, mask]);
        },
      };
    },

    async generator(config, weights) {
      const p = {};
      for (const [name, { shape, values }] of Object.entries(packWeights(config, weights))) {
        p[name] = tf.tensor(values, shape);
      }
      const { prompts: P, samples, promptLength, tokens } = generation;
      const rope = ropeTensors(config, promptLength + tokens);
      const at = (from, count) => ({
        cos: rope.cos.slice([from, 0], [count, -1]),
        sin: rope.sin.slice([from, 0], [count, -1]),
      });
      const mask = causalMask(promptLength);
      const copies = tf.tensor1d(
        Array.from({ length: P * samples }, (_, row) => Math.floor(row / samples)),
        'int32',
      );
      const layers = Array.from({ length: config.num_hidden_layers }, (_, i) => i);

      /** Tokens [P·samples] from logits [P·samples, V] */
      const sample = (logits, temperature, seed) =>
        temperature === 0 ? logits.argMax(-1) : tf.multinomial(logits, 1, seed).reshape([-1]);

      /** Each row `samples` times in a row; tile would leave the GPU for tensors of five axes. */
      const repeated = (x) => tf.gather(x, copies);

      /** The prompts once, their keys and values for every sample, and the first tokens. */
      function prefill(prompts, temperature, seed) {
        let x = tf.gather(p.embedding, tf.tensor1d(prompts.flat(), 'int32'));
        const cache = layers.map((i) => {
          const { x: y, k, v } = layer(config, p, i, x, P, promptLength, at(0, promptLength), mask);
          x = y;
          return { k: repeated(k), v: repeated(v) };
        });
        const last = x.reshape([P, promptLength, -1]).slice([0, promptLength - 1, 0], [-1, 1, -1]);
        const logits = logitsOf(config, p, last.reshape([P, -1]));
        return { cache, next: sample(repeated(logits), temperature, seed) };
      }

      function decode(previous, position, cache, temperature, seed) {
        let x = tf.gather(p.embedding, previous);
        const grown = layers.map((i) => {
          const { x: y, k, v } = layer(config, p, i, x, P * samples, 1, at(position, 1), null, cache[i]);
          x = y;
          return { k, v };
        });
        return { cache: grown, next: sample(logitsOf(config, p, x), temperature, seed) };
      }

      return {
        async generate(prompts, temperature, seed) {
          // No readback before the end.
          let { cache, next } = tf.tidy(() => prefill(prompts, temperature, seed));
          const drawn = [next];
          for (let t = 1; t < tokens; t++) {
            const before = cache;
            ({ cache, next } = tf.tidy(() =>
              decode(next, promptLength + t - 1, before, temperature, seed + t),
            ));
            tf.dispose(before);
            drawn.push(next);
          }
          const all = tf.stack(drawn, 1);
          const values = await read(all);
          tf.dispose([cache, drawn, all]);
          return [...values];
        },
        close: () => tf.dispose([p, rope, mask, copies]),
      };
    },
  };
}
