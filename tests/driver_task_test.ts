/** The task `driver` at the command line, where no driver can be fetched. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { command } from "../driver/command.ts";
import { hasGpu } from "../src/files/installed_drivers.ts";
import { copyProject } from "./support/project_copy.ts";
import { inFolder } from "./support/tiny_run.ts";

/** Variables with which the task finds no installed driver, and its network is a proxy that does not answer. */
const OFFLINE = {
  XDG_DATA_DIRS: "/nonexistent",
  DENO_WEBGPU_BACKEND: "",
  VK_DRIVER_FILES: "",
  VK_ICD_FILENAMES: "",
  http_proxy: "http://127.0.0.1:9",
  https_proxy: "http://127.0.0.1:9",
};

async function fetchDriver(folder: string): Promise<string> {
  const { code, stderr } = await command("deno", {
    args: ["task", "--quiet", "driver"],
    cwd: folder,
    env: OFFLINE,
  }).output();
  strictEqual(code, 0);
  return new TextDecoder().decode(stderr);
}

const hasApt = await Deno.stat("/usr/bin/apt-get").then(() => true, () => false);
const ignore = !hasApt || await hasGpu();

Deno.test({
  name: "the task driver says in one line that there is no network, and does not try again at once",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      await copyProject(folder);
      const said = await fetchDriver(folder);
      match(said, /^Cannot fetch a graphics driver: .*; going on with plain loops \(faster: .*\n$/);
      strictEqual(said.trimEnd().split("\n").length, 1);
      const left = await Array.fromAsync(Deno.readDir(`${folder}/.cache`), ({ name }) => name);
      deepStrictEqual(left, ["driver.failed"]);
      strictEqual(await fetchDriver(folder), "");
    }),
});

Deno.test({
  name: "the task driver says in one line that it may not write",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      await copyProject(folder);
      await Deno.writeTextFile(`${folder}/.cache`, "a file where a folder should be");
      const said = await fetchDriver(folder);
      match(said, /^Cannot fetch a graphics driver: .*\.cache.*; going on with plain loops/);
      strictEqual(said.trimEnd().split("\n").length, 1);
    }),
});
