/**
 * The letters used in shapes, once:
 *
 * B prompts per step · M policy rollouts per prompt · N anchor rollouts per prompt · G = M + N
 * R rows (tokens in flight) · T tokens, and in formulas the temperature · L completion length
 * H hidden_size · I intermediate_size · V vocab_size · D head_dim
 */
export {};
