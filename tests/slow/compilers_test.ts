/** Every kernel that can be launched, in the compilers of other implementations of WebGPU. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { Effect } from "effect";
import { command } from "../../driver/command.ts";
import { launchedTexts } from "../support/launched_texts.ts";

const FILE = ".cache/tests/texts.json";
/** A text that the standard forbids and Deno's compiler takes. */
const MIXED = "@compute @workgroup_size(1) fn mixed() { let x = 8u >> 2u & 1u; }";

const hasNode = await command("sh", { args: ["-c", "command -v node"], stdout: "null" }).output()
  .then(({ success }) => success);

for (const compiler of ["dawn", "chromium"]) {
  Deno.test({
    name: `${compiler} takes every kernel, and refuses a text that it must refuse`,
    // Dawn's bindings are for Node.
    ignore: compiler === "dawn" && !hasNode,
    fn: async () => {
      const texts = [...await Effect.runPromise(launchedTexts({ enablesSubgroups: true })), MIXED];
      ok(texts.length > 500, `${texts.length} texts`);
      await Deno.mkdir(".cache/tests", { recursive: true });
      await Deno.writeTextFile(FILE, JSON.stringify(texts));
      const { stdout } = await command("deno", {
        args: [
          // Playwright asks for more than can be named.
          ...["run", "--quiet", "--config", "bench/compilers/deno.json", "--frozen", "--allow-all"],
          ...["bench/compilers/compile.ts", compiler, FILE],
        ],
        stderr: "inherit",
      }).output();
      const { errors } = JSON.parse(new TextDecoder().decode(stdout));
      const refused = texts.filter((_, i) => errors[i] !== null);
      deepStrictEqual(refused, [MIXED], errors.find((error: string | null) => error !== null));
    },
  });
}
