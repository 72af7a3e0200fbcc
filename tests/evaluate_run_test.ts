/** Evaluations at the command line: two in one folder, a kill, a judge whose key stays a secret, and what is allowed. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { command } from "../driver/command.ts";
import { serveJudge } from "./search/fake_judge.ts";
import { inFolder, tinyRecipe, writeTinyModel } from "./support/tiny_run.ts";

const KEY = "sk-2f9c-secret";

/** An evaluation of a tiny model on three questions. */
function igpo(...args: ReadonlyArray<string>): Deno.ChildProcess {
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-net=127.0.0.1"];
  return command("deno", {
    args: ["run", "--no-prompt", "--quiet", ...permissions, "src/cli/cli.ts", "evaluate", ...args],
    env: { JUDGE_API_KEY: KEY },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function outcome(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** The flags that name a tiny model and its recipe, written to a folder. */
async function sources(folder: string): Promise<ReadonlyArray<string>> {
  await Effect.runPromise(writeTinyModel(`${folder}/model`));
  const recipe = { ...tinyRecipe, contextTokens: 256, testQuestions: 3 };
  await Deno.writeTextFile(`${folder}/recipe.json`, JSON.stringify(recipe));
  return ["--model", `${folder}/model`, "--recipe", `${folder}/recipe.json`, "--device", "cpu"];
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesBelow(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

Deno.test("a second evaluation in a folder is refused while the first lives, and may begin when that was killed; the key is nowhere", () =>
  inFolder(async (folder) => {
    const run = `${folder}/run`;
    const asked = Promise.withResolvers<void>();
    let isSlow = true;
    const { server, asked: requests, url } = serveJudge(({ authorization }) => {
      asked.resolve();
      // A server that repeats the key, and a judge that does.
      if (isSlow) return new Promise(() => {});
      return `${authorization}\nVERDICT: correct`;
    });
    const judging = ["--judge", url, "--judge-model", "a-judge"];
    const whole = ["--out", run, ...await sources(folder), ...judging];
    const first = igpo(...whole);
    await asked.promise;
    const second = await outcome(igpo(...whole));
    strictEqual(second.code, 2);
    strictEqual(
      second.stderr,
      `Cannot write to "${run}" as one run at a time may do so: another one is running\n`,
    );
    first.kill("SIGKILL");
    const killed = await outcome(first);
    isSlow = false;
    // Its judge was not certified, so that there was no run yet.
    const last = await outcome(igpo(...whole));
    strictEqual(last.code, 0, last.stderr);
    match(last.stdout, /^Judge a-judge at 127\.0\.0\.1:\d+: finds right answers right 1\.000 /m);
    ok(requests.every(({ authorization }) => authorization === `Bearer ${KEY}`));
    const count = requests.length;
    strictEqual((await outcome(igpo("--resume", run, ...judging))).code, 0);
    strictEqual(requests.length, count);
    await server[Symbol.asyncDispose]();
    const names = await Array.fromAsync(filesBelow(run), (path) => path.slice(run.length + 1));
    deepStrictEqual(names.sort(), [
      ...["answers.jsonl", "config.json", "evaluation.csv", "evaluation.json", "evaluation.md"],
      "judgements.jsonl",
    ]);
    for (const name of names) {
      ok(!(await Deno.readTextFile(`${run}/${name}`)).includes(KEY), name);
    }
    for (const { stdout, stderr } of [killed, second, last]) ok(!(stdout + stderr).includes(KEY));
  }));

Deno.test("a judge without a model, and a model without a judge, are refused in one sentence", async () => {
  const without = await outcome(igpo("--judge", "http://127.0.0.1:1"));
  deepStrictEqual([without.code, without.stderr], [
    2,
    "Cannot judge answers as --judge and --judge-model must be given together: " +
    "--judge-model is missing\n",
  ]);
  match((await outcome(igpo("--judge-model", "m"))).stderr, /: --judge is missing\n$/);
});
