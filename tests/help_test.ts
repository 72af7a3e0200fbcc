import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { command } from "../driver/command.ts";
import project from "../deno.json" with { type: "json" };

async function help(...args: ReadonlyArray<string>) {
  const { code, stdout, stderr } = await command("deno", {
    args: ["run", "--no-config", "--no-prompt", "driver/help.ts", ...args],
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

Deno.test("./igpo alone gives each task one line of one screen", async () => {
  const { code, stdout } = await help();
  strictEqual(code, 0);
  const lines = stdout.trimEnd().split("\n");
  deepStrictEqual(lines.filter((line) => line.length > 80), []);
  ok(lines.length <= 44);
  for (const [name, task] of Object.entries(project.tasks)) {
    if ("description" in task) {
      match(stdout, new RegExp(`^  ${name} +${RegExp.escape(task.description)}$`, "m"));
    } else ok(!stdout.includes(`\n  ${name} `), `${name} is for other tasks`);
  }
});

Deno.test("./igpo --version prints the version", async () => {
  deepStrictEqual(await help("--version"), {
    code: 0,
    stdout: `${project.version}\n`,
    stderr: "",
  });
});

Deno.test("./igpo refuses a task that there is not in one sentence with exit code 2", async () => {
  const { code, stdout, stderr } = await help("nope");
  deepStrictEqual([code, stdout], [2, ""]);
  match(stderr, /^Cannot run the task "nope" as .*: known are train, pretrain, .*\n$/);
});
