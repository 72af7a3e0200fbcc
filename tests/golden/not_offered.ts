/**
 * Everything in the golden data that no preset and no program of ours offers. Golden tests count these names and fail
 * on any other unknown name.
 */
export const NOT_OFFERED = {
  /** igpo/advantages.json, verl/advantages.json: NAME of `expected` keys. */
  advantages: ["gae", "remax", "opo", "gpg", "grpo_passk"],
  /** verl/policy-loss.json: `name` of losses. */
  verlLosses: ["sapo", "gpg", "clip_cov", "kl_cov", "geo_mean", "cispo"],
  /** verl/policy-loss.json: KL kinds, which the reference itself does not implement there. */
  klKinds: ["k1+", "k3+", "low_var_kl+"],
  /** trl/grpo-loss.json: `loss_type` of options. */
  trlLosses: ["cispo", "sapo", "luspo", "vespo"],
  /** trl/grpo-loss.json: options. */
  trlOptions: ["opsm"],
  /** igpo/policy-loss.json: fields of a case. */
  policyLossFields: ["compute_rewards", "value_loss"],
  /** igpo: whole files. */
  igpoFiles: ["kl-controller.json"],
  /** models: whole families. */
  modelFamilies: ["gemma3-tiny"],
} as const;

export function isNotOffered(kind: keyof typeof NOT_OFFERED, name: string): boolean {
  const names: ReadonlyArray<string> = NOT_OFFERED[kind];
  return names.includes(name);
}
