/** `./igpo check-reward` as a program, and rewards that are programs. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { command } from "../driver/command.ts";
import { openCommand } from "../src/checks/command_reward.ts";
import type { RewardCheck, RewardReads, RewardRequest } from "../src/domain/reward_check.ts";
import { inFolder } from "./support/tiny_run.ts";

const REQUEST: RewardRequest = {
  question: { id: "1", text: "Who?", golds: ["Ada", "A. L."], kind: "test" },
  answer: "Ada",
  transcript: [{ role: "user", content: "Who?" }],
};

/** What a program in TypeScript answers to two requests; `line` is a request as it reads it. */
const answersOf = (reply: string, options: { deadline?: number; reads?: RewardReads } = {}) =>
  inFolder(async (folder) => {
    const path = `${folder}/reward.ts`;
    await Deno.writeTextFile(
      path,
      `let rest = "";
      for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split("\\n");
        rest = lines.pop()!;
        for (const line of lines) { ${reply} }
      }`,
    );
    return await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const { deadline = 60, reads = "answer" } = options;
      const { ask } = yield* openCommand(`deno run --no-config --no-lock ${path}`, {
        deadline,
        reads,
      });
      return yield* Effect.forEach(
        [REQUEST, REQUEST],
        (request) => Effect.catch(ask(request), ({ message }) => Effect.succeed(message)),
      );
    })));
  });

Deno.test("a command reads one request a line and writes a number or a reward", async () => {
  const line = '{"question":"Who?","golds":["Ada","A. L."],"answer":"Ada"}';
  deepStrictEqual(await answersOf(`console.log(Number(line === '${line}'))`), [1, 1]);
  const fields = `console.log(JSON.stringify({ reward: Object.keys(JSON.parse(line)).length }))`;
  deepStrictEqual(await answersOf(fields), [3, 3]);
  deepStrictEqual(await answersOf(fields, { reads: "transcript" }), [4, 4]);
});

const FAILURES: ReadonlyArray<readonly [name: string, reply: string, says: RegExp]> = [
  ["writes NaN", `console.log("NaN")`, /^it wrote "NaN", which is no JSON \(question "Who\?", /],
  ["writes text", `console.log('{"reward":"1"}')`, /^it gave the text "1" \(/],
  ["exits", `console.error("no more"); Deno.exit(3)`, /^it ended, after it said no more \(/],
  ["hangs", "", /^it gave nothing within 2 s \(/],
];

for (const [name, reply, says] of FAILURES) {
  Deno.test(`a command that ${name} fails in one sentence, twice`, async () => {
    const found = await answersOf(reply, name === "hangs" ? { deadline: 2 } : {});
    for (const message of found) match(String(message), says);
  });
}

Deno.test("a command that writes a line too many is asked nothing more", async () => {
  const [first, second] = await answersOf(
    `await Deno.stdout.write(new TextEncoder().encode("1\\n2\\n"))`,
  );
  strictEqual(first, 1);
  match(String(second), /^it wrote more than one line for a request \(/);
});

Deno.test("a command that cannot be started is refused in one sentence", async () => {
  const opened = openCommand("./no-such-program x", { deadline: 1, reads: "answer" });
  const message = await Effect.runPromise(
    Effect.scoped(opened).pipe(
      Effect.as(""),
      Effect.catch((error) => Effect.succeed(error.message)),
    ),
  );
  match(message, /^Cannot start the reward ".\/no-such-program x": /);
});

const projectPath = (path: string) => new URL(`../${path}`, import.meta.url).pathname;

/** The program in a folder; what it may do is what `./igpo` lets it do, except training. */
async function checkIn(folder: string, ...args: ReadonlyArray<string>) {
  const { code, stdout, stderr } = await command("deno", {
    args: [
      ...["run", "--no-prompt", "--quiet", "--allow-read", "--allow-write", "--allow-env"],
      ...["--allow-run=deno", "--config", projectPath("deno.json"), projectPath("src/cli/cli.ts")],
      ...["check-reward", "--cases", "10", ...args],
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

const EXACT =
  `export const grade = ({ golds }: { golds: string[] }, answer: string) => Number(golds.includes(answer));`;
const CONTAINS =
  `export const grade = ({ golds }: { golds: string[] }, answer: string) => Number(golds.some((gold) => answer.includes(gold)));`;

Deno.test("igpo check-reward says what it found, writes it down and exits with 1", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/contains.ts`, CONTAINS);
    const { code, stdout, stderr } = await checkIn(folder, "contains.ts", "--json", "found.json");
    strictEqual(code, 1);
    match(stdout, /^everything listed +10\/10 \[72\.2, 100\.0\] % +0\/10 \[0\.0, 27\.8\] %$/m);
    match(stdout, /^Not tried, as an answer cannot carry them: guess in the query, /m);
    match(stdout.replaceAll(/\s+/g, " "), /is positive under all 22 presets but igpo-gain-only/);
    match(stderr, /^Cannot rely on the reward "contains\.ts" as .*: 2 found: everything listed, /);
    const written: RewardCheck = JSON.parse(await Deno.readTextFile(`${folder}/found.json`));
    deepStrictEqual(written.findings, ["everything listed", "question echoed"]);
    deepStrictEqual([written.reads, written.training, written.laws.length], ["answer", null, 10]);
  }));

Deno.test("igpo check-reward exits with 0 where it finds nothing, and never calls a reward safe", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/exact.ts`, EXACT);
    const { code, stdout, stderr } = await checkIn(folder, "exact.ts");
    deepStrictEqual([code, stderr], [0, ""]);
    match(
      stdout,
      /\nNo exploit in this catalogue of 4 hacks, and no broken law; there may be others\n$/,
    );
    ok(!/\bsafe\b/i.test(stdout));
    strictEqual((await checkIn(folder, "exact.ts", "--strict")).code, 1);
    const all = "case,space,punctuation,unicode";
    strictEqual((await checkIn(folder, "exact.ts", "--strict", "--intended", all)).code, 0);
  }));

Deno.test("igpo check-reward ends a module that hangs, and writes its report whole", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/hang.ts`, "export const grade = () => { while (true); };");
    const { code, stderr } = await checkIn(
      folder,
      "hang.ts",
      "--deadline",
      "1",
      "--json",
      "h.json",
    );
    strictEqual(code, 1);
    match(stderr, /^Cannot rely on the reward "hang\.ts" as .*: 1 found: number\n$/);
    const written: RewardCheck = JSON.parse(await Deno.readTextFile(`${folder}/h.json`));
    match(written.ended!, /^it gave nothing within 1 s \(question/);
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    deepStrictEqual(names.toSorted(), ["h.json", "hang.ts"]);
  }));

const REFUSALS: ReadonlyArray<readonly [ReadonlyArray<string>, RegExp]> = [
  [[], /^Cannot check a reward as it must be a module or a --command: none is given$/],
  [["a.ts", "--command", "b"], /^Cannot check a reward as .*: both are given$/],
  [["none.ts"], /^Cannot read "none\.ts": there is no such file$/],
  [["a.ts", "--bounds", "1,0"], /^Cannot use --bounds as it must be two numbers such as -1,1: /],
  [["exact.ts", "--intended", "colour"], /^Cannot tell what is intended as .* value is "colour"$/],
  [["throws.ts"], /^Cannot check "throws\.ts" as it must be a module .*: at once$/],
];

Deno.test("igpo check-reward refuses wrong use in one sentence with exit code 2", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/exact.ts`, EXACT);
    await Deno.writeTextFile(`${folder}/throws.ts`, `throw new Error("at once");`);
    for (const [args, says] of REFUSALS) {
      const { code, stdout, stderr } = await checkIn(folder, ...args);
      deepStrictEqual([code, stdout], [2, ""]);
      match(stderr.trimEnd(), says);
    }
  }));
