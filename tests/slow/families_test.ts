// deno-lint-ignore-file no-console
/** Golden numbers, bit laws and gradients by the families of kernels that other adapters get. */
import { ok } from "node:assert/strict";
import { command } from "../../driver/command.ts";

for (const family of ["loops", "tiles"]) {
  for (const folder of ["tests/golden/models_test.ts", "tests/model", "tests/policy"]) {
    Deno.test(`${folder} by ${family}`, async () => {
      const { success, stdout } = await command("deno", {
        args: ["test", "--no-check", "--no-prompt", "--frozen", "--allow-all", folder],
        env: { TEST_FAMILY: family, NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder().decode(stdout);
      ok(success, text);
      console.log(`${folder} by ${family}: ${text.trimEnd().split("\n").at(-1)}`);
    });
  }
}
