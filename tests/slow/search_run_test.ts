/** Real questions over a real corpus at the command line: a retriever in a process of its own, and a killed evaluation. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { command } from "../../driver/command.ts";
import { goldenDir } from "../golden/golden_dir.ts";
import { realFolder } from "../environment/real_data.ts";
import { inFolder, metricsOf } from "../support/tiny_run.ts";

function igpo(...args: ReadonlyArray<string>): Deno.ChildProcess {
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-net=127.0.0.1"];
  return command("deno", {
    args: ["run", "--no-prompt", "--quiet", ...permissions, "src/cli/cli.ts", ...args],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

async function done(child: Deno.ChildProcess): Promise<string> {
  const { success, stdout } = await child.output();
  ok(success);
  return new TextDecoder().decode(stdout);
}

/** Waits until a child has printed what matches, and reads on until it ends. */
async function printed(child: Deno.ChildProcess, pattern: RegExp): Promise<string> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = "";;) {
    const { value, done } = await reader.read();
    ok(!done, `it ended before it printed ${pattern}: ${text}`);
    text += value;
    const found = pattern.exec(text);
    if (found !== null) return found[0];
  }
}

Deno.test({
  name:
    "500 questions through a retriever of its own train as through the same index in the process",
  ignore: realFolder("qa/2wiki") === null,
  fn: () =>
    inFolder(async (folder) => {
      const data = realFolder("qa/2wiki")!;
      const index = `${folder}/2wiki.index`;
      await done(igpo("index", `${data}/corpus.jsonl`, "--out", index));
      const recipe = `${folder}/recipe.json`;
      const tokens = { contextTokens: 1000, maxNewTokens: 160 };
      const sizes = { steps: 5, evaluateEvery: 0, testQuestions: 20, validationQuestions: 0 };
      await Deno.writeTextFile(recipe, JSON.stringify({ ...sizes, ...tokens, searchTopK: 1 }));
      const train = (search: string, name: string) =>
        done(igpo(
          // It searches more than the checkpoint that training starts from.
          ...["train", "--model", "checkpoints/skilled", "--device", "cpu", "--recipe", recipe],
          ...["--questions", `${data}/questions.jsonl`, "--search", search],
          ...["--out", `${folder}/${name}`],
        ));
      await train(index, "inside");
      const retriever = igpo("retriever", "--index", index, "--port", "0");
      const url = await printed(retriever, /http:\/\/127\.0\.0\.1:\d+/);
      const said = await train(url, "outside");
      retriever.kill("SIGTERM");
      await retriever.status;

      deepStrictEqual(await metricsOf(`${folder}/outside`), await metricsOf(`${folder}/inside`));
      const weights = "checkpoints/step-5/model.safetensors";
      deepStrictEqual(
        await Deno.readFile(`${folder}/outside/${weights}`),
        await Deno.readFile(`${folder}/inside/${weights}`),
      );
      const [, asked] = /^Search: (\d+) queries asked, \d+ ms each$/m.exec(said) ?? [];
      ok(Number(asked) >= 20, said);
    }),
});

Deno.test({
  name:
    "an evaluation of 150 questions of seven sources that is killed at 40 % ends with the same table",
  fn: () =>
    inFolder(async (folder) => {
      const from = ["--questions", `${goldenDir()}/qa/dev-150.parquet`, "--search", "off"];
      const how = ["--device", "cpu", ...from];
      const whole = await done(igpo("evaluate", ...how, "--out", `${folder}/whole`));
      const killed = `${folder}/killed`;
      const first = igpo("evaluate", ...how, "--out", killed);
      const answers = () =>
        Deno.readTextFile(`${killed}/answers.jsonl`).then(
          (text) => text.split("\n").length - 1,
          () => 0,
        );
      while (await answers() < 60) await new Promise((resolve) => setTimeout(resolve, 5));
      first.kill("SIGKILL");
      await first.output();
      const kept = await answers();
      ok(kept >= 60 && kept < 150, `${kept} answers`);
      const again = await done(igpo("evaluate", "--resume", killed));

      const tableOf = (text: string) =>
        text.slice(text.indexOf("NQ"), text.lastIndexOf("Everything"));
      strictEqual(tableOf(again), tableOf(whole));
      for (const name of ["answers.jsonl", "evaluation.json", "evaluation.csv", "evaluation.md"]) {
        strictEqual(
          await Deno.readTextFile(`${killed}/${name}`),
          await Deno.readTextFile(`${folder}/whole/${name}`),
          name,
        );
      }
      const sources = /^ +NQ +TQ +HotpotQA +2Wiki +MuSiQue +Bamboogle +PopQA +all$/m;
      ok(sources.test(again), again);
    }),
});
