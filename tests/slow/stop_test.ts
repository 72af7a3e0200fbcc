/** Runs that are stopped and killed at the command line. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { command } from "../../driver/command.ts";
import { metricsOf, tinyRecipe, writeTinyModel } from "../support/tiny_run.ts";

const STEPS = 12;
// The entropy bonus moves the weights although an untrained model gets no rewards.
const preset = { base: "paper-v2", name: "restless", entropy: { coefficient: 0.1 } };
const recipe = { ...tinyRecipe, steps: STEPS, evaluateEvery: 4, checkpointEvery: 3 };

const folder = await Deno.makeTempDir();
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
await Effect.runPromise(writeTinyModel(`${folder}/model`));
await Deno.writeTextFile(`${folder}/recipe.json`, JSON.stringify(recipe));
await Deno.writeTextFile(`${folder}/preset.json`, JSON.stringify(preset));

function igpo(...args: ReadonlyArray<string>): Deno.ChildProcess {
  const permissions = ["--no-prompt", "--quiet", "--allow-read", "--allow-write", "--allow-env"];
  return command("deno", {
    args: ["run", ...permissions, "src/cli/cli.ts", "train", ...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

const start = (out: string) =>
  igpo(
    ...["--model", `${folder}/model`, "--recipe", `${folder}/recipe.json`, "--device", "cpu"],
    ...["--preset", `${folder}/preset.json`, "--out", out],
  );

/** Sends a signal to a run that has done some steps, and returns what the run printed. */
async function stopAfter(steps: number, out: string, signal: Deno.Signal) {
  const child = start(out);
  const lines = async () =>
    (await Deno.readTextFile(`${out}/metrics.jsonl`).catch(() => "")).split('"type":"step"')
      .length - 1;
  while (await lines() < steps) await new Promise((resolve) => setTimeout(resolve, 5));
  // One key press reaches a program several times where it runs under a task.
  for (let i = 0; i < 3; i++) child.kill(signal);
  const { code, stdout } = await child.output();
  return { code, text: new TextDecoder().decode(stdout) };
}

const unbroken = `${folder}/unbroken`;
strictEqual((await start(unbroken).output()).code, 0);
const want = await metricsOf(unbroken);

for (const [name, signal] of [["Ctrl-C", "SIGINT"], ["A closed terminal", "SIGHUP"]] as const) {
  Deno.test(`${name} ends a run with code 130, everything saved, and it goes on as if nothing had been`, async () => {
    const out = `${folder}/stopped-${signal}`;
    const { code, text } = await stopAfter(4, out, signal);
    strictEqual(code, 130);
    match(text, /Saved after step \d+; go on with: \.\/igpo train --resume /);
    strictEqual((await igpo("--resume", out).output()).code, 0);
    deepStrictEqual(await metricsOf(out), want);
  });
}

Deno.test("a run whose output nobody reads any more is saved and ends without a word", async () => {
  const out = `${folder}/unread`;
  const child = start(out);
  const reader = child.stdout.getReader();
  let text = "";
  while (!/step +3\//.test(text)) {
    const { value, done } = await reader.read();
    ok(!done, text);
    text += new TextDecoder().decode(value);
  }
  await reader.cancel();
  const stderr = await new Response(child.stderr).text();
  strictEqual((await child.status).code, 130);
  strictEqual(stderr, "");
  strictEqual((await igpo("--resume", out).output()).code, 0);
  deepStrictEqual(await metricsOf(out), want);
});

for (const steps of [1, 3, 4, 6, 7, 9]) {
  Deno.test(`a run killed after step ${steps} resumes from whole checkpoints only`, async () => {
    const out = `${folder}/killed-${steps}`;
    await stopAfter(steps, out, "SIGKILL");
    strictEqual((await igpo("--resume", out).output()).code, 0);
    deepStrictEqual(await metricsOf(out), want);
  });
}
