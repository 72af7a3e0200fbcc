/** Faults that somebody could make in the algorithm, each with the law that must catch it. */
export interface Fault {
  /** Source file. */
  readonly file: string;
  /** What stands there, exactly once, and what the fault makes of it. */
  readonly from: string;
  readonly to: string;
  /** File of the law, and how its title begins. */
  readonly laws: string;
  readonly law: string;
}

const igpo = (
  file: string,
  ...rows: ReadonlyArray<readonly [laws: string, law: string, from: string, to: string]>
): ReadonlyArray<Fault> =>
  rows.map(([laws, law, from, to]) => ({
    file: `src/${file}.ts`,
    from,
    to,
    laws: `tests/laws/${laws}_laws_test.ts`,
    law,
  }));

/** All of them. */
export const FAULTS: ReadonlyArray<Fault> = [
  ...igpo(
    "igpo/belief",
    ["gain", "law 1:", "value[turn + 1]! - value[turn]!", "value[turn]! - value[turn + 1]!"],
    ["gain", "law 1:", "Math.max(0, belief.length - 1)", "Math.max(0, belief.length - 2)"],
    ["gain", "law 2:", "? Math.exp(belief) : belief", "? 2 * Math.exp(belief) : belief"],
    [
      "gain",
      "law 5:",
      "return mean(goldLogProb.map",
      "return mean(goldLogProb) + mean(goldLogProb.map",
    ],
    [
      "gain",
      "a log-prob floor",
      "Math.max(logProb, logProbFloor",
      "Math.min(logProb, logProbFloor",
    ],
    [
      "gain",
      "law 41:",
      "return largest + Math.log(sum)",
      "return largest + Math.log(sum) / beliefs.length",
    ],
    ["gain", "law 41:", "return Math.max(...beliefs);\n", "return Math.min(...beliefs);\n"],
    [
      "gain_rule",
      "law: positive gains",
      "gain.map((g) => Math.max(0, g))",
      "gain.map((g) => Math.abs(g))",
    ],
    ["gain_rule", "law: a rise is paid", "below = Math.max(0, -above)", "below = 0"],
    [
      "gain_rule",
      "law: against the belief",
      "last - valueOf(ell, measure)",
      "valueOf(ell, measure) - last",
    ],
  ),
  ...igpo(
    "igpo/advantages",
    ["gain", "law 41:", "(...gains, episode.outcome)", "(episode.outcome, ...gains)"],
    [
      "gain",
      "law 13:",
      "(...gains, episode.outcome)",
      "(...gains.map((g) => episode.outcome < 0 ? 0 : g), episode.outcome)",
    ],
    ["pool", "law 42:", "? weights.outcome : weights.gain", "? weights.gain : weights.outcome"],
    [
      "pool",
      "law 28:",
      'return [poolOf("gain", gains), poolOf("outcome", outcomes)];\n    case "joint"',
      'return [poolOf("both", [...gains, ...outcomes])];\n    case "joint"',
    ],
    ["pool", "law 14:", "return turn === row.length - 1", "return turn === 0"],
    ["gain_rule", "law: fading by group", "Number(isSilent[g])", "Number(!isSilent[g])"],
    ["gain_rule", "law: fading by batch", "? share :", "? 1 - share :"],
    [
      "gain_rule",
      "law: gains centred",
      'kind === "gain" && gainCentre === "zero"',
      'kind === "outcome" && gainCentre === "zero"',
    ],
  ),
  ...igpo(
    "igpo/pool",
    ["pool", "law 14:", "stretch * (value - centre)", "stretch * value"],
    ["pool", "law 14: rloo", "? count / (count - 1) : 1", "? 1 : 1"],
    [
      "pool",
      "law 16:",
      "return Math.sqrt(variance(values, options.ddof) + options.varianceFloor)",
      "return (variance(values, options.ddof) + options.varianceFloor)",
    ],
    [
      "advantage",
      "law 25:",
      "variance(values, options.ddof)",
      "variance(values, 1 - options.ddof)",
    ],
    [
      "pool",
      "law 27:",
      "stretch * (value - centre) / divisor",
      "stretch * (centre - value) / divisor",
    ],
  ),
  ...igpo(
    "igpo/returns",
    ["advantage", "law 21:", "reward[t]! + gamma * later", "reward[t]! + gamma * gamma * later"],
    ["credit", "law 21:", "let later = 0", "let later = 1"],
    ["credit", "law 40:", "/ Math.sqrt(last - t)", "/ (last - t)"],
    [
      "gain_rule",
      "law: with credit",
      "t === last ? outcome : alpha * own + outcome",
      "t === last ? outcome : alpha * (own + (z[t + 1] ?? 0)) + outcome",
    ],
    [
      "credit",
      "law 39:",
      "1 + strength * Math.tanh(value / 2)",
      "1 - strength * Math.tanh(value / 2)",
    ],
    [
      "credit",
      "law 39:",
      "t === z.length - 1 ? 1 : 1 + strength",
      "t === z.length ? 1 : 1 + strength",
    ],
  ),
  ...igpo(
    "igpo/batch_statistics",
    [
      "pool",
      "law 18:",
      "x - sums[p]! / rows.length",
      "x - sums[p]! / rows.filter((other) => other.length > p).length",
    ],
  ),
  ...igpo("igpo/broadcast", [
    "advantage",
    "law 30:",
    "Float64Array.from(places.turn, (t) => turn[t]!)",
    "Float64Array.from(places.turn, (t) => turn[Math.max(0, t - 1)]!)",
  ]),
  ...igpo(
    "igpo/surrogate",
    ["loss", "law 34:", "clippedLoss > unclippedLoss", "clippedLoss < unclippedLoss"],
    [
      "loss",
      "law 34: beyond",
      "dual !== null && advantage < 0",
      "dual !== null && advantage < -Infinity",
    ],
    ["loss", "law 34:", "dual !== null && advantage < 0 && value", "dual !== null && value"],
    ["loss", "law 34:", "1 - scale * low), 1 + scale * high", "1 - scale * high), 1 + scale * low"],
    [
      "loss",
      "law 37:",
      "policy.state === CLIP_STATE.inside ? -advantage",
      "policy.state !== CLIP_STATE.dual ? -advantage",
    ],
    ["loss", "law 37:", "objective.kl.coefficient * weight * kl.slope", "weight * kl.slope"],
    ["loss", "law 37: the slope in a token", "dEntropy[p] = -objective", "dEntropy[p] = objective"],
    [
      "loss",
      "law 37: the slope in a token",
      "- entropy.coefficient * parts.entropy",
      "+ entropy.coefficient * parts.entropy",
    ],
  ),
  ...igpo("igpo/ratio", [
    "loss",
    "law 37: the gradient is",
    "logProb - tokens.behaviourLogProb[p]!",
    "tokens.behaviourLogProb[p]! - logProb",
  ]),
  ...igpo(
    "igpo/kl",
    ["loss", "law 35:", "Math.expm1(-d) + d", "Math.expm1(d) - d"],
    ["loss", "law 35: k3 is cut", "value > limit", "value > 2 * limit"],
    ["loss", "law 35: every", "slope: Math.sign(d)", "slope: 1"],
  ),
  ...igpo(
    "igpo/aggregation",
    ["loss", "law 36:", "return 1 / (totals.sequences * n)", "return 1 / totals.tokens"],
    ["loss", "law 36:", "return 1 / totals.tokens", "return 1 / (totals.sequences * n)"],
  ),
  ...igpo(
    "igpo/answer_score",
    ["score", "law 12: a further", "f1: Math.max(0, ...scores)", "f1: Math.min(1, ...scores)"],
    ["score", "law 12: repeating", 'tokens === "set" ? 1', 'tokens === "multiset" ? 1'],
    ["score", "law 13: an outcome", "return config.formatPenalty", "return 0"],
  ),
  ...igpo(
    "pipeline/learning_rate",
    ["learning_rate", "law: a falling", "Math.max(1, steps - warmupSteps)", "Math.max(1, steps)"],
    [
      "learning_rate",
      "law: a learning rate starts",
      "lr * (step / warmupSteps)",
      "lr * (done / warmupSteps)",
    ],
  ),
  ...igpo("text/probe", [
    "gain",
    "law 6:",
    "return { ids, start, end }",
    "return { ids, start, end: end + Math.min(1, suffix.length) }",
  ]),
  ...igpo(
    "pipeline/advantage",
    ["transcript", "law 31:", 'kind === "action").flatMap', 'kind !== "prompt").flatMap'],
    [
      "transcript",
      "law 31:",
      "({ turn, position: start + i })",
      "({ turn: 0, position: start + i })",
    ],
  ),
  ...igpo(
    "pipeline/open_episode",
    [
      "transcript",
      "law 43:",
      "joined(Uint32Array, episode.tokens, message.tokens)",
      "joined(Uint32Array, message.tokens, episode.tokens)",
    ],
    [
      "transcript",
      "law 31:",
      '{ kind: "observation", turn, start, end: boundary - header }',
      '{ kind: "action", turn, start, end: boundary - header }',
    ],
    [
      "transcript",
      "law 31:",
      'spansOf([{ kind: "action", turn, start, end }])',
      'spansOf([{ kind: "action", turn, start, end: end - 1 }])',
    ],
  ),
  ...igpo(
    "policy/beliefs",
    [
      "transcript",
      "law 6:",
      "rowIndex.push(ids.length + token - 1)",
      "rowIndex.push(ids.length + token)",
    ],
    [
      "transcript",
      "law 6:",
      "parent: request, visible: boundary });",
      "parent: request, visible: boundary - 1 });",
    ],
    [
      "transcript",
      "law 6:",
      "firstPosition: boundary, parent",
      "firstPosition: boundary + 1, parent",
    ],
    [
      "transcript",
      "law 6:",
      "token = probe.start; token < probe.end",
      "token = 1; token <= probe.end - probe.start",
    ],
  ),
];
