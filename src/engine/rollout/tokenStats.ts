import sample from '../../../shaders/rollout/sample.wgsl';
import { elementsOf } from '../../gpu/elements.ts';

/** The figures that every sampler keeps of a token: shaders/lib/token_stats, which all of them use. */
export const tokenStats = elementsOf(sample, 'stats', ['log_prob', 'entropy', 'self_certainty']);
