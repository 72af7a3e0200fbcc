import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { type Checked, type CheckOptions, checkReward } from "../../src/checks/check.ts";
import { HACKS } from "../../src/checks/hacks.ts";
import { LAWS, NUMBER_LAW } from "../../src/checks/laws.ts";
import { MARKS } from "../../src/checks/marks.ts";
import { type Reward, RewardFailed } from "../../src/checks/reward.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { wilson } from "../../src/math/intervals.ts";
import { CLEAN, PAYS_FOR, rewardOf, type Score } from "./planted_rewards.ts";

const check = (reward: Reward, options: Partial<CheckOptions> = {}): Promise<Checked> =>
  Effect.runPromise(checkReward(reward, {
    bounds: [0, 1],
    cases: 12,
    seed: 0,
    intended: [],
    strict: false,
    onProgress: () => Effect.void,
    ...options,
  }));

const hackOf = ({ hacks }: Checked, name: string) => hacks.find(({ hack }) => hack === name)!;
const lawOf = ({ laws }: Checked, name: string) => laws.find(({ law }) => law === name)!;

Deno.test("there is a reward that pays for each hack, and a mark of each", () => {
  const names = HACKS.map(({ name }) => name);
  deepStrictEqual(Object.keys(PAYS_FOR).toSorted(), names.toSorted());
  deepStrictEqual(Object.keys(MARKS).toSorted(), names.toSorted());
});

for (const [hack, reward] of Object.entries(PAYS_FOR)) {
  Deno.test(`checkReward() finds that a reward pays for the hack "${hack}"`, async () => {
    const checked = await check(reward);
    ok(checked.findings.includes(hack), `found ${checked.findings}`);
    match(hackOf(checked, hack).paidExample!, / for question ".*; .* for the same without the /);
  });
}

Deno.test("checkReward() raises at most 1 false alarm in 100 clean rewards", async () => {
  const alarms: Array<string> = [];
  let checks = 0;
  for (const [name, reward] of Object.entries(CLEAN)) {
    for (let seed = 0; seed < 4; seed++) {
      const { findings } = await check(reward, { seed, cases: 8 });
      checks += 1;
      if (findings.length > 0) alarms.push(`${name}, seed ${seed}: ${findings}`);
    }
  }
  ok(alarms.length <= checks / 100, alarms.join("; "));
});

Deno.test("checkReward() does not try what an answer cannot carry on a reward that reads answers", async () => {
  const checked = await check(CLEAN["exact match"]!);
  deepStrictEqual(
    [checked.notTried.length, checked.hacks.length],
    [HACKS.filter(({ carrier }) => carrier === "transcript").length, 4],
  );
  deepStrictEqual((await check(CLEAN["F1 of the last message"]!)).notTried, []);
});

const exact: Score = ({ question, answer }) => Number(question.golds.includes(answer));

const BROKEN: ReadonlyArray<
  { readonly law: string; readonly score: Score; readonly says: RegExp }
> = [
  {
    law: "bounds",
    score: (request) => request.answer.includes("1851") ? 1.5 : exact(request),
    says: /^1\.5 for question "Who wrote it\?", golds .*, answer "[^"]*1851[^"]*", bounds 0 and 1$/,
  },
  {
    law: "order of golds",
    score: ({ question, answer }) => Number(question.golds[0] === answer),
    says: /golds "\S+", "\S+", answer "\S+", and/,
  },
  {
    law: "gold",
    score: (request) => request.answer.includes(" ") ? 0 : exact(request),
    says: /^0 for .* answer "Ada Ada", upper bound 1$/,
  },
  {
    law: "nothing",
    score: (request) => request.answer === "" ? 1 : exact(request),
    says: /^1 for .*, golds "Ada", answer ""$/,
  },
];

for (const { law, score, says } of BROKEN) {
  Deno.test(`checkReward() finds a small case that breaks the law "${law}"`, async () => {
    const checked = await check(rewardOf(score, "answer"), { cases: 100 });
    strictEqual(lawOf(checked, law).verdict, "broken");
    match(lawOf(checked, law).counterexample!, says);
    ok(checked.findings.includes(law));
  });
}

Deno.test("checkReward() finds a reward that says something else when asked again", async () => {
  let asked = 0;
  const noisy: Score = (request) => exact(request) === 1 ? 1 : (asked++ % 10) / 20;
  ok((await check(rewardOf(noisy, "answer"))).findings.includes("repetition"));
});

Deno.test("an edit that changes the reward is a note, is intended, or is a finding if strict", async () => {
  const reward = rewardOf(exact, "answer");
  const verdicts = (checked: Checked) => checked.laws.slice(-4).map(({ verdict }) => verdict);
  const lenient = await check(reward, { cases: 100 });
  deepStrictEqual(verdicts(lenient), ["note", "note", "note", "note"]);
  deepStrictEqual(lenient.findings, []);
  match(lawOf(lenient, "unicode").counterexample!, /answer "\S*(Caf|Ⅳ|Δ)/);
  const strict = await check(reward, { cases: 100, strict: true, intended: ["case", "space"] });
  deepStrictEqual(verdicts(strict), ["intended", "intended", "note", "note"]);
  deepStrictEqual(strict.findings, ["punctuation", "unicode"]);
});

Deno.test("checkReward() tries nothing more where the reward gives no number", async () => {
  const throws = await check(rewardOf(() => {
    throw new Error("no");
  }, "answer"));
  deepStrictEqual([throws.findings, throws.hacks, throws.laws.length], [["number"], [], 1]);
  match(throws.ended!, /^it threw: Error: no/);
  let asked = 0;
  const hangs: Reward = {
    reads: "answer",
    ask: (request) =>
      asked++ < 300
        ? Effect.succeed(exact(request))
        : Effect.fail(new RewardFailed({ message: "it hangs", isOver: true })),
  };
  const stopped = await check(hangs);
  deepStrictEqual([stopped.ended, stopped.findings[0]], ["it hangs", "number"]);
});

Deno.test("checkReward() counts controls that are not paid, with Wilson's interval", async () => {
  // It knows no letters but ours.
  const ascii: Score = (request) => /^[\x20-\x7e]+$/.test(request.answer) ? exact(request) : 0;
  const checked = await check(rewardOf(ascii, "answer"));
  const { paid, missed, missedExample } = hackOf(checked, "look-alikes");
  deepStrictEqual(paid, { count: 0, cases: 12, interval: wilson(0, 12) });
  deepStrictEqual(missed, { count: 12, cases: 12, interval: wilson(12, 12) });
  match(missedExample!, /^0 for .*; 0 for a wrong answer$/);
  ok(checked.findings.includes("control of look-alikes"));
});

Deno.test("advantages tell which presets pay for a hack", async () => {
  const { advantages } = hackOf(await check(PAYS_FOR["padding turns"]!), "padding turns");
  deepStrictEqual(Object.keys(advantages), Object.keys(PRESETS));
  // A bonus of 0.3 to 0.5 among failures is all that differs: outcomes pay for it, unless another rollout is right.
  ok(advantages["grpo"]!.noneRight > 2 && advantages["igpo-gain-only"]!.noneRight === 0);
  const clean = hackOf(await check(CLEAN["F1 of the last message"]!), "guess in the query");
  // Nothing but the gain of a lucky guess differs.
  strictEqual(clean.advantages["grpo"]!.noneRight, 0);
  ok(clean.advantages["paper-v2"]!.noneRight > 0);
});

const DOC = await Deno.readTextFile(new URL("../../docs/check_reward.md", import.meta.url));

/** First cells of the table in a section of the document. */
function namesIn(section: string): ReadonlyArray<string> {
  const text = DOC.split(`\n## ${section}\n`)[1]!.split("\n## ")[0]!;
  return [...text.matchAll(/^\| ([^|]*?) +\|/gm)].map(([, name]) => name!).slice(2);
}

Deno.test("docs/check_reward.md has every law, every hack and every mark", () => {
  deepStrictEqual(namesIn("Laws"), [NUMBER_LAW, ...LAWS].map(({ name }) => name));
  deepStrictEqual(namesIn("Hacks"), HACKS.map(({ name }) => name));
  deepStrictEqual(namesIn("Training against it"), Object.keys(MARKS));
});
