import { ok, strictEqual } from "node:assert/strict";
import { command } from "../driver/command.ts";
import project from "../deno.json" with { type: "json" };

Deno.test("web/page.js is what ./igpo page makes of src/page", async () => {
  const output = await Deno.makeTempFile({ suffix: ".js" });
  const args = project.tasks.page.command.split(" ").slice(1)
    .map((word) => word === "web/page.js" ? output : word);
  const { success, stderr } = await command("deno", { args }).output();
  ok(success, new TextDecoder().decode(stderr));
  strictEqual(await Deno.readTextFile("web/page.js"), await Deno.readTextFile(output));
  await Deno.remove(output);
});
