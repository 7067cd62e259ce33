export interface Schedule {
  readonly learningRate: number;
  readonly warmupSteps: number;
  readonly steps: number;
  readonly lrSchedule: 'constant' | 'cosine';
  readonly minLearningRateShare: number;
}

/** Share of the peak after the warm-up; progress runs from 0 to 1 over the rest of the run. */
const shapes: Record<Schedule['lrSchedule'], (progress: number, floor: number) => number> = {
  constant: () => 1,
  cosine: (progress, floor) => floor + ((1 - floor) * (1 + Math.cos(Math.PI * progress))) / 2,
};

/**
 * Learning rate of an update: linear warm-up, reaching the peak with update number `warmupSteps`,
 * then constant, or half a cosine that reaches its floor with the last update.
 * @param step updates made before this one, from 0
 */
export function learningRateAt(step: number, schedule: Schedule): number {
  const { learningRate, warmupSteps, steps, minLearningRateShare } = schedule;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - 1 - warmupSteps));
  return learningRate * shapes[schedule.lrSchedule](progress, minLearningRateShare);
}
