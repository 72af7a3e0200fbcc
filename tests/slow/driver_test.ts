/** The task `driver` at the command line, where it can fetch a driver. */
import { match, ok, strictEqual } from "node:assert/strict";
import { command } from "../../driver/command.ts";
import { hasGpu } from "../../src/files/installed_drivers.ts";
import { copyProject } from "../support/project_copy.ts";
import { inFolder } from "../support/tiny_run.ts";

const env = { XDG_DATA_DIRS: "/nonexistent", VK_DRIVER_FILES: "", VK_ICD_FILENAMES: "" };

async function deno(folder: string, ...args: ReadonlyArray<string>): Promise<string> {
  const { success, stdout, stderr } = await command("deno", {
    args: [...args],
    cwd: folder,
    env,
  }).output();
  const text = new TextDecoder().decode(stderr) + new TextDecoder().decode(stdout);
  ok(success, text);
  return text;
}

const hasApt = await Deno.stat("/usr/bin/apt-get").then(() => true, () => false);

Deno.test({
  name: "where no driver is installed, one is fetched, computes, and is fetched again when damaged",
  ignore: !hasApt || await hasGpu(),
  fn: () =>
    inFolder(async (folder) => {
      await copyProject(folder);
      const fetched =
        /^Fetching a software graphics driver, Mesa's lavapipe \(\d+ MB, once\), into /;
      const print = [
        ...["run", "--no-prompt", "--allow-read", "--allow-env", "--allow-ffi=.cache/driver"],
        `${Deno.cwd()}/tests/support/print_adapter.ts`,
      ];
      match(await deno(folder, "task", "--quiet", "driver"), fetched);
      strictEqual(await deno(folder, "task", "--quiet", "driver"), "");
      match(await deno(folder, ...print, folder), /^llvmpipe \(LLVM .* lavapipe\n$/);
      await Deno.truncate(`${folder}/.cache/driver/libvulkan_lvp.so`, 100_000);
      match(
        await deno(folder, ...print, folder),
        /^Passing over the driver in .cache\/driver: its files are not .*\nnone\n$/,
      );
      match(await deno(folder, "task", "--quiet", "driver"), fetched);
    }),
});
