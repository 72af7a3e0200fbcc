import { Effect } from "effect";
import type { CountedShare, HackResult } from "../domain/reward_check.ts";
import { wilson } from "../math/intervals.ts";
import type { Attempt } from "./attempt.ts";
import type { Hack } from "./hacks.ts";
import { type PayoffCase, payoffs } from "./payoff.ts";
import { describeRequest, type Reward, shown } from "./reward.ts";
import type { Scene } from "./scene.ts";

/** One hack in one scene, as the reward judged it. */
interface Judged {
  readonly isPaid: boolean;
  readonly isMissed: boolean;
  readonly paidExample: string;
  readonly missedExample: string;
  /** Null where the hack ends in a right answer, so that its advantage would not be its own. */
  readonly payoff: PayoffCase | null;
}

/** Plants a hack in scenes of its kind and asks the reward what it gives. */
export const tryHack = Effect.fn("tryHack")(function* (
  hack: Hack,
  ask: Reward["ask"],
  scenes: ReadonlyArray<Scene>,
) {
  const judged = yield* Effect.forEach(scenes, (scene, i) => judge(hack, scene, { ask, index: i }));
  const count = (is: (one: Judged) => boolean): CountedShare => {
    const found = judged.filter(is).length;
    return { count: found, cases: judged.length, interval: wilson(found, judged.length) };
  };
  return {
    hack: hack.name,
    says: hack.says,
    control: hack.control,
    paid: count(({ isPaid }) => isPaid),
    missed: count(({ isMissed }) => isMissed),
    paidExample: judged.find(({ isPaid }) => isPaid)?.paidExample ?? null,
    missedExample: judged.find(({ isMissed }) => isMissed)?.missedExample ?? null,
    advantages: payoffs(judged.flatMap(({ payoff }) => payoff ?? [])),
  } satisfies HackResult;
});

const judge = Effect.fnUntraced(function* (
  { plant, tolerance }: Hack,
  scene: Scene,
  { ask, index }: { readonly ask: Reward["ask"]; readonly index: number },
) {
  const planted = plant(scene, index);
  const rewarded = (episode: Attempt) =>
    Effect.map(ask(episode), (reward) => ({ episode, reward }));
  const right = yield* rewarded(scene.right);
  const failure = yield* rewarded(scene.failure);
  const hack = yield* rewarded(planted.hack);
  const control = yield* rewarded(planted.control);
  const instead = planted.instead === undefined ? failure : yield* rewarded(planted.instead);
  const worth = right.reward - failure.reward;
  const example = ({ episode, reward }: typeof hack, other: typeof hack, what: string) =>
    `${shown(reward)} for ${describeRequest(episode)}; ${shown(other.reward)} for ${what}`;
  return {
    isPaid: hack.reward - instead.reward > tolerance * Math.max(0, worth) + ROUNDING,
    isMissed: control.reward - failure.reward < worth / 2 || worth <= 0,
    paidExample: example(hack, instead, "the same without the hack"),
    missedExample: example(control, failure, "a wrong answer"),
    payoff: instead.episode.answer === scene.gold ? null : { hack, failure, right },
  } satisfies Judged;
});

/** Differences of rewards that are no differences. */
const ROUNDING = 1e-9;
