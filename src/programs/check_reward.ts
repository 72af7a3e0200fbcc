import { Effect, type Scope } from "effect";
import { type CheckOptions, checkReward as tryAll } from "../checks/check.ts";
import { openCommand } from "../checks/command_reward.ts";
import { LAWS } from "../checks/laws.ts";
import { openModule } from "../checks/module_reward.ts";
import type { Reward } from "../checks/reward.ts";
import { BadInput, BadReward } from "../domain/errors.ts";
import type { RewardCheck, TrainedStep } from "../domain/reward_check.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { jsonText } from "../files/json_file.ts";
import type { Screen } from "../files/screen.ts";
import {
  quarters,
  rewardCheckTable,
  rewardVerdict,
  trainedTable,
} from "../report/reward_check_table.ts";
import { styleFor } from "../report/style.ts";

/** Where a reward is: exactly one of module and command is given. */
export interface RewardSource {
  readonly module: string | null;
  readonly command: string | null;
  /** Whether the command reads transcripts; a module tells by what it exports. */
  readonly transcript: boolean;
  /** Seconds that one answer may take. */
  readonly deadline: number;
  /** A further folder that a module may read; null for none. */
  readonly reads: string | null;
}

/** A reward with its name for people. */
export interface OpenReward extends Reward {
  readonly name: string;
}

/** Starts the module or the command. */
export const openReward = Effect.fn("openReward")(function* (
  { module, command, transcript, ...options }: RewardSource,
): Effect.fn.Return<OpenReward, BadInput, Scope.Scope> {
  if (module !== null && command === null) {
    return { name: module, ...(yield* openModule(module, options)) };
  }
  if (command !== null && module === null) {
    const reads = transcript ? "transcript" : "answer";
    return { name: command, ...(yield* openCommand(command, { ...options, reads })) };
  }
  return yield* new BadInput({
    message: "Cannot check a reward as it must be a module or a --command: " +
      (module === null ? "none is given" : "both are given"),
  });
});

/** What `./igpo check-reward` does with a reward. */
export interface CheckRewardOptions extends Omit<CheckOptions, "onProgress"> {
  readonly reward: OpenReward;
  /** File of the report; null for none. */
  readonly json: string | null;
  readonly screen: Screen;
}

/**
 * Holds a reward to its contract and plants every hack, prints what it finds, and trains an agent against it if `train`
 * is given. Fails with `BadReward` if there is something. The report is written whole, or not at all.
 */
export const checkReward = Effect.fn("checkReward")(function* <E, R>(
  { reward, json, screen, ...options }: CheckRewardOptions,
  train: Effect.Effect<ReadonlyArray<TrainedStep>, E, R> | null,
) {
  const { bounds, seed, intended } = options;
  const edits = LAWS.filter(({ isEdit }) => isEdit).map(({ name }) => name);
  const unknown = intended.find((name) => !edits.includes(name));
  if (unknown !== undefined) {
    return yield* new BadInput({
      message: `Cannot tell what is intended as --intended must name edits out of ` +
        `${edits.join(", ")}: current value is "${unknown}"`,
    });
  }
  const checked = yield* tryAll(reward, { ...options, onProgress: screen.showProgress });
  const untrained = { reward: reward.name, reads: reward.reads, bounds, seed, ...checked };
  yield* screen.print(rewardCheckTable({ ...untrained, training: null }, styleFor(screen)));
  // What gives no number trains nothing.
  const training = train === null || checked.ended !== null ? null : yield* train;
  if (training !== null) yield* screen.print(`\n${trainedTable(training, styleFor(screen))}`);
  const findings = [...checked.findings, ...learnt(training ?? [])];
  const check: RewardCheck = { ...untrained, training, findings };
  if (json !== null) yield* writeFileAtomic(json, jsonText(check));
  if (check.findings.length > 0) {
    return yield* new BadReward({
      message: `Cannot rely on the reward "${reward.name}" as it must keep every law and pay for ` +
        `no hack: ${rewardVerdict(check)}`,
    });
  }
  yield* screen.print(`\n${rewardVerdict(check)}`);
});

/** Changes of means that chance hardly makes in a short training: of reward and F1, and of a mark. */
const [CHANGE, MARK_CHANGE] = [0.1, 0.25];

/** Findings where the agent got worse at answering and better at something else. */
function learnt(steps: ReadonlyArray<TrainedStep>): ReadonlyArray<string> {
  const rise = (value: (step: TrainedStep) => number) => {
    const [first, last] = quarters(steps, value);
    return last - first;
  };
  if (rise(({ f1 }) => f1) > -CHANGE) return [];
  const marks = Object.keys(steps[0]?.marks ?? {})
    .filter((hack) => rise(({ marks }) => marks[hack]!) > MARK_CHANGE);
  return [
    ...(rise(({ reward }) => reward) > CHANGE ? ["training raised the reward and lowered F1"] : []),
    ...marks.map((hack) => `training lowered F1 and taught ${hack}`),
  ];
}
