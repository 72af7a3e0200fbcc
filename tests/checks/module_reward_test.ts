import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { openModule } from "../../src/checks/module_reward.ts";
import type { RewardRequest } from "../../src/domain/reward_check.ts";
import { inFolder } from "../support/tiny_run.ts";

const REQUEST: RewardRequest = {
  question: { id: "1", text: "Who?", golds: ["Ada"], kind: "test" },
  answer: "Ada",
  transcript: [{ role: "user", content: "Who?" }],
};

interface Opened {
  readonly deadline?: number;
  readonly reads?: string;
  readonly loadSeconds?: number;
  readonly requests?: ReadonlyArray<RewardRequest>;
}

/** What a module answers to requests: numbers, or messages of failures; or why it cannot be opened. */
const answersOf = (code: string, options: Opened = {}) =>
  inFolder(async (folder) => {
    const path = `${folder}/a reward#1.ts`;
    await Deno.writeTextFile(path, code);
    return await Effect.runPromise(
      Effect.gen(function* () {
        const { deadline = 20, reads = null, loadSeconds = 60, requests = [REQUEST] } = options;
        const { ask } = yield* openModule(path, { deadline, reads, loadSeconds });
        return yield* Effect.forEach(
          requests,
          (request) => Effect.catch(ask(request), ({ message }) => Effect.succeed(message)),
        );
      }).pipe(Effect.scoped, Effect.catch(({ message }) => Effect.succeed([message]))),
    );
  });

Deno.test("a module's grade may return a number, a promise or an effect", async () => {
  const bodies = ["0.5", "Promise.resolve(0.5)", "Effect.succeed(0.5)"];
  for (const body of bodies) {
    const code = `import { Effect } from "effect"; Effect;
      export const grade = (question: { golds: string[] }, answer: string) =>
        question.golds.includes(answer) ? ${body} : 0;`;
    deepStrictEqual(await answersOf(code), [0.5]);
  }
});

Deno.test("a module's reward gets the transcript", async () => {
  const code = `export const reward = (_: unknown, __: string, transcript: { content: string }[]) =>
    transcript[0]!.content.length;`;
  deepStrictEqual(await answersOf(code), [4]);
});

const FAILURES: ReadonlyArray<readonly [name: string, code: string, says: RegExp]> = [
  ["throws", `throw new Error("one\\ntwo")`, /^it threw: one \(question "Who\?", golds "Ada", /],
  ["gives NaN", "return NaN", /^it gave NaN \(/],
  ["gives infinity", "return Promise.resolve(1 / 0)", /^it gave Infinity \(/],
  ["gives text", `return "1"`, /^it gave the text "1" \(/],
  ["gives nothing", "", /^it gave undefined \(/],
  ["gives a function", "return () => 1", /^it gave a value of type function \(/],
  ["exits", "Deno.exit(3)", /^it exited with code 3 \(/],
  ["writes", `Deno.writeTextFileSync("x", "")`, /^it threw: Requires write access .* not allowed/],
  [
    "asks the network",
    `return fetch("http://127.0.0.1:8123/")`,
    /Requires net access .* not allowed/,
  ],
  ["reads the environment", `return Deno.env.get("HOME")`, /Requires env access .* not allowed/],
  ["reads elsewhere", `Deno.readTextFileSync("/etc/passwd")`, /which --reads FOLDER allows/],
  [
    "throws later",
    "setTimeout(() => { throw new Error('later') }); return new Promise(() => {})",
    /^it threw outside of its answer: .*later \(/,
  ],
  [
    "rejects later",
    "Promise.reject(new Error('later')); return new Promise(() => {})",
    /^it threw outside of its answer: later \(/,
  ],
];

for (const [name, code, says] of FAILURES) {
  Deno.test(`a grade that ${name} fails in one sentence`, async () => {
    const [message] = await answersOf(`export function grade() { ${code} }`);
    match(String(message), says);
    ok(!String(message).includes("\n"));
  });
}

Deno.test("a grade that hangs is ended at its deadline, and asked nothing more", async () => {
  const code = `export const grade = (_: unknown, answer: string) => {
    while (answer === "hang");
    return 1;
  };`;
  const hanging = { ...REQUEST, answer: "hang" };
  const before = performance.now();
  const found = await answersOf(code, { deadline: 1, requests: [REQUEST, hanging, REQUEST] });
  ok(performance.now() - before < 30_000);
  strictEqual(found[0], 1);
  match(String(found[1]), /^it gave nothing within 1 s \(.*answer "hang"\)$/);
  strictEqual(found[2], found[1]);
});

Deno.test("a grade that takes ever more memory gets no more than its bound, and is ended", async () => {
  const code = `const all: number[][] = [];
    export const grade = () => {
      while (true) all.push(new Array(100_000).fill(Math.random()));
    };`;
  const before = Deno.memoryUsage().rss;
  const found = await answersOf(code, { deadline: 10, requests: [REQUEST, REQUEST] });
  match(String(found[0]), /^it (gave nothing within 10 s|took more than 512 MiB of memory) \(/);
  strictEqual(found[1], found[0]);
  ok(Deno.memoryUsage().rss - before < 1e9);
});

Deno.test("a module that cannot be loaded is refused in one sentence", async () => {
  const cases: ReadonlyArray<readonly [string, RegExp]> = [
    ["export const other = 1;", /as it must be a module with a grade or a reward: it exports neit/],
    ["export const grade = 1;", /it exports neither a function grade nor a function reward$/],
    [`throw new Error("at once");`, /: at once$/],
    ["Deno.exit(1);", /: it exited with code 1$/],
    ["export const grade = (", /: SyntaxError: /],
    [`import "./none.ts"; export const grade = () => 1;`, /: Module not found/],
  ];
  for (const [code, says] of cases) {
    const [message] = await answersOf(code);
    match(String(message), /^Cannot check "/);
    match(String(message), says);
  }
});

Deno.test("a module that hangs while it is loaded is ended", async () => {
  const [message] = await answersOf("while (true);", { loadSeconds: 1 });
  match(String(message), /^Cannot check ".*" as .*: it was not loaded within 1 s$/);
});

Deno.test("a module may read its own folder, and another one that is named", () =>
  inFolder(async (other) => {
    await Deno.writeTextFile(`${other}/data.txt`, "four");
    const code = (path: string) =>
      `export const grade = () => Deno.readTextFileSync(${path}).length;`;
    const far = code(JSON.stringify(`${other}/data.txt`));
    match(String((await answersOf(far))[0]), /^it threw: Requires read access/);
    deepStrictEqual(await answersOf(far, { reads: other }), [4]);
    const near = await answersOf(code("new URL(import.meta.url)"));
    ok(typeof near[0] === "number" && near[0] > 50);
  }));
