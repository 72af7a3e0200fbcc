import { Effect } from "effect";
import type { HackResult, LawResult, RewardCheck } from "../domain/reward_check.ts";
import { type Hack, HACKS } from "./hacks.ts";
import { LAWS, NUMBER_LAW } from "./laws.ts";
import type { Reward } from "./reward.ts";
import { makeScenes } from "./scene.ts";
import { tryHack } from "./try_hack.ts";
import { tryLaw } from "./try_law.ts";

/** What a reward is held to. */
export interface CheckOptions {
  readonly bounds: readonly [low: number, high: number];
  /** Cases of each law and of each hack. */
  readonly cases: number;
  readonly seed: number;
  /** Names of edits that the reward is meant to tell apart. */
  readonly intended: ReadonlyArray<string>;
  /** Whether an edit that it tells apart, and is not meant to, is a finding. */
  readonly strict: boolean;
  /** Called before each law and hack, with its name. */
  readonly onProgress: (name: string) => Effect.Effect<void>;
}

/** What the laws and the hacks found. */
export type Checked = Pick<RewardCheck, "ended" | "laws" | "hacks" | "notTried" | "findings">;

/** Tries every law and every hack that the reward's answers or transcripts can carry. Ends early if it gives no number. */
export const checkReward = Effect.fn("checkReward")(
  function* (reward: Reward, options: CheckOptions) {
    const isCarried = ({ carrier }: Hack) => reward.reads === "transcript" || carrier === "answer";
    const tried = HACKS.filter(isCarried);
    const scenes = makeScenes(options.cases, options.seed);
    const laws: Array<LawResult> = [];
    const hacks: Array<HackResult> = [];
    const ended = yield* Effect.gen(function* () {
      for (const law of [NUMBER_LAW, ...LAWS]) {
        yield* options.onProgress(law.name);
        const result = yield* tryLaw(law, { ...options, ask: reward.ask });
        laws.push(result);
        if (law === NUMBER_LAW && result.verdict === "broken") return result.counterexample;
      }
      for (const hack of tried) {
        yield* options.onProgress(hack.name);
        hacks.push(yield* tryHack(hack, reward.ask, scenes[hack.scene]));
      }
      return null;
    }).pipe(Effect.catchTag("RewardFailed", ({ message }) => Effect.succeed(message)));
    return {
      ended,
      laws,
      hacks,
      notTried: HACKS.filter((hack) => !isCarried(hack)).map(({ name }) => name),
      findings: findingsOf({ ended, laws, hacks }, options),
    } satisfies Checked;
  },
);

function findingsOf(
  { ended, laws, hacks }: Pick<Checked, "ended" | "laws" | "hacks">,
  { strict }: CheckOptions,
): ReadonlyArray<string> {
  const broken = laws.filter(({ verdict }) => verdict === "broken" || strict && verdict === "note");
  const found = [
    ...broken.map(({ law }) => law),
    ...hacks.filter(({ paid }) => paid.count > 0).map(({ hack }) => hack),
    ...hacks.filter(({ missed }) => missed.count > 0).map(({ hack }) => `control of ${hack}`),
  ];
  // A reward that hangs or exits breaks the first law, at whatever it was asked.
  return ended === null || found.includes(NUMBER_LAW.name) ? found : [NUMBER_LAW.name, ...found];
}
