/** Runs of a model of the Hub at the command line. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { command } from "../driver/command.ts";
import { MODEL, serveHub, skilledFiles } from "./support/hub_server.ts";
import { inFolder } from "./support/tiny_run.ts";

const FIRST = "1".repeat(40);
const SECOND = "2".repeat(40);
const RECIPE = {
  promptsPerStep: 1,
  groupSize: 2,
  maxTurns: 1,
  maxNewTokens: 4,
  evaluateEvery: 0,
  trainQuestions: 2,
  validationQuestions: 0,
  testQuestions: 1,
};

Deno.test("a run of a model of the Hub records its commit and goes on with that one", () =>
  inFolder(async (folder) => {
    const files = await skilledFiles();
    const refs: Record<string, string> = { main: FIRST };
    const commits = { [FIRST]: files, [SECOND]: { "config.json": files["config.json"]! } };
    const hub = serveHub({ commits, refs });
    const recipe = `${folder}/recipe.json`;
    await Deno.writeTextFile(recipe, JSON.stringify(RECIPE));
    const igpo = async (...args: ReadonlyArray<string>) => {
      // As ./igpo does, which lets no program make symbolic links.
      const permissions = [
        `--allow-read=${folder},${Deno.cwd()}`,
        `--allow-write=${folder}`,
        "--allow-env",
      ];
      const network = "--allow-net=127.0.0.1,localhost";
      const { code, stdout, stderr } = await command("deno", {
        args: ["run", "--no-prompt", "--quiet", ...permissions, network, "src/cli/cli.ts", ...args],
        env: {
          HF_ENDPOINT: hub.endpoint,
          HF_HOME: `${folder}/hf`,
          HF_HUB_CACHE: "",
          HF_TOKEN: "hf_mine",
          HF_HUB_OFFLINE: "",
        },
      }).output();
      const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      strictEqual(decode(stderr), "");
      strictEqual(code, 0);
      return decode(stdout);
    };
    const run = `${folder}/run`;
    const configured = async () => JSON.parse(await Deno.readTextFile(`${run}/config.json`));
    const sources = ["--model", MODEL, "--recipe", recipe, "--device", "cpu"];

    const text = await igpo("train", ...sources, "--steps", "1", "--out", run);
    const names = ["config.json", "tokenizer.json", "tokenizer_config.json"];
    const fetched = [...names, "generation_config.json", "model.safetensors"];
    const lines = text.split("\n").slice(0, fetched.length + 1);
    deepStrictEqual(lines.slice(0, -1).map((line) => line.split(",")[0]), [
      ...fetched.map((name) => `Fetched ${name}`),
    ]);
    strictEqual(lines[4], "Fetched model.safetensors, 1.4 MB");
    match(lines.at(-1)!, new RegExp(`^Model ${MODEL} at commit ${FIRST} is in ${folder}/hf/hub/`));
    ok(!text.includes("\r"));
    deepStrictEqual([(await configured()).model, (await configured()).revision], [MODEL, FIRST]);

    refs["main"] = SECOND;
    await Deno.remove(`${folder}/hf`, { recursive: true });
    const before = hub.requests.length;
    await igpo("train", "--resume", run, "--steps", "2");
    strictEqual((await configured()).revision, FIRST);
    const later = hub.requests.slice(before);
    ok(later.length > 0 && !later.some(({ path }) => path.endsWith("/main")));
    await hub.close();
  }));
