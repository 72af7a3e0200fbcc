import { match, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { configure } from "../src/run/configure.ts";
import { type ModelSource, revisionOf } from "../src/run/model_source.ts";
import { inFolder } from "./support/tiny_run.ts";

const decided = (source: Partial<ModelSource>) =>
  revisionOf({ model: null, revision: null, ...source });
const revision = (source: Partial<ModelSource>) => Effect.runPromise(decided(source));
const refusal = async (source: Partial<ModelSource>) =>
  (await Effect.runPromise(Effect.flip(decided(source)))).message;

Deno.test("revisionOf() takes for a folder what exists or looks like a path", async () => {
  const folders = ["checkpoints/skilled", "./org/name", "../org/name", "/org/name", "~/name"];
  for (const model of [null, ...folders, "org/name/", "."]) {
    strictEqual(await revision({ model }), null);
  }
});

Deno.test("revisionOf() takes ORG/NAME for a model of the Hub, at main unless told otherwise", async () => {
  strictEqual(await revision({ model: "Qwen/Qwen2.5-0.5B_x" }), "main");
  for (const wanted of ["v1.0", "refs/pr/3", "0".repeat(40)]) {
    strictEqual(await revision({ model: "org/name", revision: wanted }), wanted);
  }
});

Deno.test("revisionOf() refuses what is neither", async () => {
  for (const model of ["name", "a/b/c", "org/na me", "o--g/name", "org/a..b"]) {
    strictEqual(
      await refusal({ model }),
      `Cannot find the model "${model}" as it must be a folder, or ORG/NAME of the Hugging Face ` +
        "Hub: there is no such folder",
    );
  }
});

Deno.test("revisionOf() refuses revisions of folders and those that lead out of the cache", async () => {
  match(await refusal({ revision: "v1" }), /^Cannot use --revision "v1" as .*the embedded one$/);
  match(
    await refusal({ model: "checkpoints/skilled", revision: "v1" }),
    /must then be ORG\/NAME of the Hugging Face Hub: it is the folder "checkpoints\/skilled"$/,
  );
  for (const wanted of ["../x", "a/../b", "/x", "a//b", "a/", "a b"]) {
    match(await refusal({ model: "org/name", revision: wanted }), /branch, tag or commit: it is "/);
  }
});

Deno.test("configure() resumes with the commit that was recorded, whatever lies there now", () =>
  inFolder(async (folder) => {
    const commit = "1".repeat(40);
    const flags = { model: "org/name", out: folder };
    const { config } = await Effect.runPromise(configure("train", flags));
    strictEqual(config.revision, "main");
    // The program records the commit once the model is fetched. Here a folder of the same name has come later.
    const recorded = { ...config, model: "checkpoints/skilled", revision: commit };
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(recorded));
    const resumed = await Effect.runPromise(configure("train", { resume: folder }));
    strictEqual(resumed.config.revision, commit);
  }));
