import { deepStrictEqual, match, notDeepStrictEqual, ok } from "node:assert/strict";
import { Result } from "effect";
import fc from "fast-check";
import {
  type CardCosts,
  drawSteps,
  groupBytes,
  playGroup,
  sampledTokens,
  trainedTokens,
} from "../../bench/scale_costs.ts";
import {
  bindingOf,
  COST_HEAD,
  costRows,
  OTHER_HEAD,
  otherRows,
  SETTING,
  sharded,
  STAGE_HEAD,
  stageRows,
  STEP_HEAD,
  stepRows,
  worldOf,
} from "../../bench/scale_tables.ts";
import type { World } from "../../bench/simulate.ts";
import { cellsBelow } from "../support/tables.ts";

/** A card on which a second row costs as much as the first. */
const COSTS: CardCosts = {
  tokenSeconds: (rows) => 0.01 * rows,
  readSeconds: 0.001,
  trainSeconds: 0.002,
  multiplyAdds: { sampled: 1, read: 1, trained: 1 },
  weightsBytes: 1e6,
};
const near = (found: number, wanted: number) =>
  ok(Math.abs(found - wanted) <= 1e-9 * (1 + Math.abs(wanted)), `${found} is not ${wanted}`);

Deno.test("playGroup() gives an episode alone the sum of its parts", () => {
  const { busySeconds, waitSeconds } = playGroup(
    [{ messages: [100, 50, 10], searches: [2, 3] }],
    COSTS,
  );
  // Messages, a prompt of 400 tokens and two results of 650, and three probes of 20.
  near(busySeconds, 160 * 0.01 + (400 + 2 * 650 + 3 * 20) * 0.001);
  near(waitSeconds, 5);
});

Deno.test("playGroup() lets rows that write share decoding steps, and others write while one searches", () => {
  const { busySeconds, waitSeconds } = playGroup([
    { messages: [100], searches: [] },
    { messages: [10, 10], searches: [0.5] },
  ], COSTS);
  // Ten tokens of both, 25 of the first alone while the second searches, which then reads and writes ten beside it.
  const shared = 10 * 0.02 + 0.5 + 650 * 0.001 + 10 * 0.02;
  near(busySeconds, 400 * 0.001 + shared + (100 - 10 - 50 - 10) * 0.01 + 2 * 20 * 0.001);
  near(waitSeconds, 0);
});

Deno.test("playGroup() takes as long as its longest episode at least, and as all of them at most", () => {
  const draw = fc.integer({ min: 1, max: 5 }).chain((turns) =>
    fc.record({
      messages: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: turns, maxLength: turns }),
      searches: fc.array(fc.double({ min: 0, max: 9, noNaN: true }), {
        minLength: turns - 1,
        maxLength: turns - 1,
      }),
    })
  );
  const secondsOf = (draws: Parameters<typeof playGroup>[0]) => {
    const { busySeconds, waitSeconds } = playGroup(draws, COSTS);
    return busySeconds + waitSeconds;
  };
  fc.assert(fc.property(fc.array(draw, { minLength: 1, maxLength: 16 }), (draws) => {
    const alone = draws.map((one) => secondsOf([one]));
    const seconds = secondsOf(draws);
    ok(seconds >= Math.max(...alone) - 1e-6);
    ok(seconds <= alone.reduce((all, one) => all + one, 0) + 1e-6);
  }));
});

Deno.test("drawSteps() draws equal groups from equal seeds, and groups of the stated size", () => {
  const options = { steps: 20, groups: 32, search: SETTING.search, seed: 1 };
  deepStrictEqual(drawSteps(options, COSTS), drawSteps(options, COSTS));
  notDeepStrictEqual(drawSteps({ ...options, seed: 2 }, COSTS), drawSteps(options, COSTS));
  // With free searches and rows one after the other, the mean group is the mean number of tokens.
  const all = drawSteps({ ...options, search: { medianSeconds: 1e-9, tailSeconds: 2e-9 } }, {
    ...COSTS,
    readSeconds: 0,
  }).flat();
  const seconds = all.reduce((sum, { busySeconds }) => sum + busySeconds, 0) / all.length;
  ok(Math.abs(seconds / (0.01 * sampledTokens(1)) - 1) < 0.02, `${seconds}`);
  // Of 512 episodes of some 3,000 tokens.
  ok(Math.abs(trainedTokens(32) / (512 * 2900) - 1) < 0.15, `${trainedTokens(32)}`);
});

Deno.test("groupBytes() is what an answer of 16 episodes has, numbers and texts", () => {
  // 12 bytes a token as base64, and four characters for each token of a result.
  const least = 16 * (2900 * 12 * 4 / 3 + 3 * 650 * 4);
  ok(groupBytes() > least && groupBytes() < 1.1 * least, `${groupBytes()} ${least}`);
});

Deno.test("worldOf() refuses a card that is too small in one sentence", () => {
  const full = worldOf({ ...SETTING, weights: "full", card: "RTX 4090" });
  match(Result.getOrElse(Result.flip(full), () => ""), /^Cannot fit the run into 24\.0 GB as /);
});

const SLOW_UPDATE: World = {
  workers: 3,
  steps: [Array.from({ length: 8 }, () => ({ busySeconds: 1, waitSeconds: 1 }))],
  updateSeconds: 50,
  weightsBytes: 1e6,
  groupBytes: 1e3,
  link: { bytesPerSecond: 1e6, latencySeconds: 0 },
  blobBytesPerSecond: 1e9,
  queue: { operationSeconds: 0, offerSeconds: 0, lookSeconds: 0 },
  failuresPerHour: 0,
};

Deno.test("bindingOf() names what a step would be shortest without", () => {
  deepStrictEqual(bindingOf(SLOW_UPDATE).what, "update");
  const link = { bytesPerSecond: 1e4, latencySeconds: 0 };
  deepStrictEqual(bindingOf({ ...SLOW_UPDATE, updateSeconds: 1, link }).what, "link");
  deepStrictEqual(
    bindingOf({
      ...SLOW_UPDATE,
      updateSeconds: 1,
      steps: [[{ busySeconds: 1, waitSeconds: 60 }]],
    }).what,
    "search",
  );
});

Deno.test("sharded() cuts an update into as many shards as are fastest", () => {
  // A gradient takes a second of the link: with 4 shards 50 / 4 + 3 s.
  near(sharded(SLOW_UPDATE).updateSeconds, 50 / 4 + 3 * 1.001);
  near(sharded({ ...SLOW_UPDATE, workers: 100 }).updateSeconds, 50 / 7 + 6 * 1.001);
  near(sharded({ ...SLOW_UPDATE, weightsBytes: 1e9 }).updateSeconds, 50);
});

for (
  const [heading, head, rows] of [
    ["## What a step takes", COST_HEAD, costRows],
    ["## A step on so many workers", STEP_HEAD, stepRows],
    ["## Other worlds", OTHER_HEAD, otherRows],
    ["## What comes next", STAGE_HEAD, stageRows],
  ] as const
) {
  Deno.test(`the table "${heading}" of docs/scale.md is what ./igpo bench:scale prints`, async () => {
    const page = await Deno.readTextFile("docs/scale.md");
    const [found, , ...stated] = cellsBelow(page, heading);
    deepStrictEqual(found, head);
    deepStrictEqual(stated, rows(), "./igpo bench:scale prints the table");
  });
}
