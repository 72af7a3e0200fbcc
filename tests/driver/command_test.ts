import { ok } from "node:assert/strict";
import { command } from "../../driver/command.ts";

Deno.test("command() starts a program under a list of allowed ones although LD_LIBRARY_PATH is set", async () => {
  // The permission to run is a list in every task.
  Deno.env.set("LD_LIBRARY_PATH", "/usr/local/cuda/lib64");
  const print = "console.log(Deno.env.get('LD_LIBRARY_PATH'), Deno.env.get('MARK'))";
  const output = command("deno", { args: ["eval", print], env: { MARK: "mine" } }).output();
  Deno.env.delete("LD_LIBRARY_PATH");
  const { success, stdout } = await output;
  ok(success);
  ok(new TextDecoder().decode(stdout).endsWith("undefined mine\n"));
});
