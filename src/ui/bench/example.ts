import type { Table } from '../../bench/protocol.ts';

/**
 * What the page of the bench shows before it has measured: `Run` there, in Chromium on its software adapter, on two cores
 * that other programs used as well.
 */
export const example: {
  readonly adapter: string;
  /** How and where. */
  readonly where: string;
  readonly seconds: number;
  /** With layouts, group sizes and model sizes: the same page, adapter and cores, on another day. */
  readonly wholeSeconds: number;
  /** The largest model's share of that. */
  readonly largestSeconds: number;
  readonly tables: readonly Table[];
} = {
  adapter: 'google · swiftshader',
  where: 'Two cores without a GPU, which other programs used as well.',
  seconds: 56,
  wholeSeconds: 468,
  largestSeconds: 297,
  tables: [
    {
      title: 'Preset duel: 20 steps of each lane in turn, median (p10–p90)',
      rows: [
        ['', 'SRT', 'SRT, equal G', 'M-GRPO + IQR'],
        ['step, ms', '488.3 (423.0–748.1)', '431.7 (323.6–870.5)', '333.5 (253.5–498.4)'],
        ['rollout, ms', '117.2 (81.5–192.0)', '70.4 (57.4–190.6)', '91.3 (66.5–148.5)'],
        ['update, ms', '373.4 (330.8–614.3)', '320.2 (262.1–677.5)', '207.8 (181.4–350.0)'],
        ['vote, ms', '0.1 (0.1–0.4)', '0.1 (0.0–0.2)', '0.1 (0.1–0.2)'],
        ['readback, ms', '0.0 (0.0–4.8)', '0.7 (0.0–2.3)', '0.7 (0.0–3.1)'],
        ['generated tokens/s', '7651', '12747', '9826'],
        ['trained tokens/s', '2402', '2801', '2156'],
        ['matrix work, GFLOP/s', '1.04', '1.08', '0.99'],
        ['share of the best product', '0.21', '0.22', '0.20'],
        ['dispatches', '53', '52', '52'],
        ['readbacks', '1', '1', '1'],
        ['allocations', '0', '0', '0'],
        ['GPU memory, MiB', '45.6', '37.8', '45.4'],
        ['rollout by', 'lanes', 'lanes', 'lanes'],
        ['products', '4x16, 4x16, 4x16', '4x16, 4x16, 4x16', '4x16, 4x16, 4x16'],
      ],
    },
    {
      title: 'M-GRPO + IQR over SRT',
      rows: [
        ['', 'ratio'],
        ['step time at equal G', '0.77'],
      ],
    },
    {
      title: 'From nothing to the first step, preset duel, M-GRPO + IQR',
      rows: [
        ['', 'ms'],
        ['pipelines compiled', '4913'],
        ['evaluation at step 0', '946'],
        ['Train to first step', '340'],
      ],
    },
    {
      title: 'The adapter at its best',
      rows: [
        ['', 'rate'],
        ['forward, 48 → 192 by 4x8', '3.94 GFLOP/s'],
        ['forward, 48 → 192 by 4x16', '3.63 GFLOP/s'],
        ['backward, 192 → 48 by 4x8', '3.21 GFLOP/s'],
        ['backward, 192 → 48 by 4x16', '4.90 GFLOP/s'],
        ['weight gradient, 192 × 48 by 4x8', '2.87 GFLOP/s'],
        ['weight gradient, 192 × 48 by 4x16', '2.53 GFLOP/s'],
        ['copy, read and written', '45.50 GB/s'],
      ],
    },
    {
      title: 'A step of M-GRPO + IQR, kernel by kernel, each dispatch in a pass of its own',
      rows: [
        ['kernel', 'dispatches', 'ms', 'share'],
        ['rollout/lanes PREFILL=false LANES=8', '1', '53.35', '0.23'],
        ['ops/swiglu.forward WIDE=true', '2', '31.83', '0.14'],
        ['ops/attention.forward', '2', '26.89', '0.11'],
        ['ops/matmul.forward NORMED=true RESIDUAL=false WIDE=true', '3', '20.46', '0.09'],
        ['ops/matmul.forward NORMED=false RESIDUAL=true WIDE=true', '4', '16.66', '0.07'],
        ['ops/matmul.backward_weight NORMED=false LANES=12 WIDE=true', '4', '12.30', '0.05'],
        ['ops/qk_norm_rope.forward', '2', '11.96', '0.05'],
        ['ops/matmul.backward_weight NORMED=true LANES=24 WIDE=true', '2', '11.69', '0.05'],
        ['ops/matmul.backward WIDE=true', '7', '7.35', '0.03'],
        ['optimizer/adamw_ema', '1', '6.45', '0.03'],
        ['optimizer/grad_norm', '1', '5.99', '0.03'],
        ['ops/rms_norm.backward', '5', '5.21', '0.02'],
        ['rollout/lanes PREFILL=true LANES=8', '1', '4.49', '0.02'],
        ['ops/matmul.backward_weight NORMED=true LANES=32 WIDE=true', '2', '4.45', '0.02'],
        ['ops/qk_norm_rope.backward', '2', '4.16', '0.02'],
        ['ops/attention.backward_key', '2', '3.87', '0.02'],
        ['ops/swiglu.backward WIDE=true', '2', '2.58', '0.01'],
        ['ops/attention.backward_query', '2', '2.25', '0.01'],
        ['ops/embed.backward', '1', '1.14', '0.00'],
        ['ops/matmul.backward_weight NORMED=true LANES=8 WIDE=true', '1', '0.73', '0.00'],
        ['ops/qk_norm_rope.backward_gain', '2', '0.41', '0.00'],
        ['ops/policy_loss.forward_backward', '1', '0.35', '0.00'],
        ['ops/embed.forward', '1', '0.34', '0.00'],
      ],
    },
  ],
};
