import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  agreements,
  agreementTable,
  baselines,
  type CreditedTurn,
  isClear,
} from "../../bench/agreement.ts";
import { groupAdvantages } from "../../src/igpo/advantages.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { rewards } from "../laws/arbitraries.ts";
import { assertClose } from "../support/comparison.ts";

/** Questions with two episodes of four turns, of which the second turn wins or loses a half and the others nothing. */
const turns: ReadonlyArray<CreditedTurn> = Array.from({ length: 10 }, (_, q) => {
  const outcomes = [1, 0];
  const group = outcomes.map((outcome) => rewards([0, outcome - 0.5, 0], outcome));
  const given = {
    grpo: groupAdvantages(group, PRESETS["grpo"]!),
    truth: outcomes.map((outcome) => ({ turn: Float64Array.of(0, outcome - 0.5, 0, 0) })),
    opposite: outcomes.map((outcome) => ({ turn: Float64Array.of(0, 0.5 - outcome, 0, 0) })),
    rising: outcomes.map((outcome) => ({
      turn: Float64Array.of(0, outcome - 0.5, 0, 0).map((x) => Math.exp(8 * x)),
    })),
    none: outcomes.map(() => ({ turn: new Float64Array(4) })),
  };
  return outcomes.flatMap((outcome, e) =>
    [0, 1, 2, 3].map((turn): CreditedTurn => ({
      question: `q${q}`,
      truth: turn === 1 ? outcome - 0.5 : 0,
      error: 0.1,
      assigned: Object.fromEntries(
        Object.entries(given).map(([name, episodes]) => [name, episodes[e]!.turn[turn]!]),
      ),
    }))
  );
}).flat();

Deno.test("agreements() of an outcome that is spread over T turns, of which one matters, is 1 / sqrt(T)", () => {
  const found = agreements(turns);
  deepStrictEqual(found.map(({ name }) => name), ["grpo", "truth", "opposite", "rising", "none"]);
  // With a = ±s on all turns and truth ±1/2 on a quarter: E[a t] / (sd(a) sd(t)) = (s/8) / (s/4) = 1/2.
  // Both have three levels or fewer, symmetric about 0, so their ranks are lines of their values.
  assertClose(found.map(({ rank }) => rank.value), [0.5, 1, -1, 1, 0], { atol: 1e-12 });
  // Of e^-4, 1 and e^4 a line explains only a part.
  const line = pearsonOfRising();
  assertClose(found.map(({ pearson }) => pearson.value), [0.5, 1, -1, line, 0], { atol: 1e-12 });
  assertClose(found.slice(1).map(({ less }) => less!.value), [0.5, -1.5, 0.5, -0.5], {
    atol: 1e-12,
  });
  strictEqual(found[0]!.less, null);
  assertClose(found.map(({ sign }) => sign.value), [1, 1, 0, 0.5, 0], { atol: 0 });
  // All questions are alike, so drawing them anew changes nothing.
  assertClose(found[0]!.pearson.interval, [0.5, 0.5], { atol: 1e-12 });
});

/** Of truth -1/2, 0, 1/2 in shares of 1/8, 3/4, 1/8 and credit e^(8 truth): covariance over standard deviations. */
function pearsonOfRising(): number {
  const [low, high] = [Math.exp(-4), Math.exp(4)];
  const mean = (low + high) / 8 + 0.75;
  const square = (low * low + high * high) / 8 + 0.75;
  return (high - low) / 16 / (0.25 * Math.sqrt(square - mean * mean));
}

Deno.test("agreements() draws whole questions", () => {
  // Half of the questions are credited right, half the opposite.
  const split = turns.map((turn) => ({
    ...turn,
    assigned: { half: Number(turn.question.slice(1)) < 5 ? turn.truth : -turn.truth },
  }));
  const [found] = agreements(split);
  assertClose([found!.pearson.value], [0], { atol: 1e-12 });
  const [low, high] = found!.pearson.interval;
  // The mean of ten draws of ±1 has a standard deviation of 0.316.
  ok(low < -0.45 && low > -0.75 && high > 0.45 && high < 0.75, `${low} ${high}`);
});

Deno.test("isClear() wants two standard errors, and a difference where there is no error", () => {
  const of = (truth: number, error: number) =>
    isClear({ question: "q", truth, error, assigned: {} });
  deepStrictEqual([of(0.2, 0.1), of(-0.2, 0.1), of(0.1, 0)], [true, true, true]);
  deepStrictEqual([of(0.19, 0.1), of(0, 0)], [false, false]);
});

Deno.test("baselines() know the last turn's advantage and the number of turns", () => {
  const given = [Float64Array.of(3, 2, 1), Float64Array.of(-4)];
  const found = baselines(given, 0);
  const last = found.map((turns) => turns.map((one) => one["last turn only"]));
  deepStrictEqual(last, [[0, 0, 1], [-4]]);
  deepStrictEqual(found.map((turns) => turns.map(({ length }) => length)), [[3, 3, 3], [1]]);
  deepStrictEqual(found, baselines(given, 0));
  const random = baselines([new Float64Array(200)], 1)[0]!.map((one) => one.random);
  ok(random.every((x) => x >= -1 && x < 1) && random.some((x) => x < -0.9));
  ok(random.some((x) => x > 0.9));
});

Deno.test("agreementTable() has a row for each assigner of each world", () => {
  const found = agreements(turns);
  const lines = agreementTable([{ world: "sparse", found }, { world: "mixed", found }]).split("\n");
  strictEqual(lines.length, 2 + 2 * 5);
  const cells = lines[2]!.split("|").slice(1, 5).map((cell) => cell.trim());
  deepStrictEqual(cells, ["sparse", "grpo", "0.500 [0.500, 0.500]", ""]);
  ok(lines[2]!.includes("1.000 [1.000, 1.000]"));
  const unclear = agreements(turns.map((turn) => ({ ...turn, error: 1 })));
  const [, , row] = agreementTable([{ world: "sparse", found: unclear }]).split("\n");
  deepStrictEqual(row!.split("|").at(-2)!.trim(), "");
});
