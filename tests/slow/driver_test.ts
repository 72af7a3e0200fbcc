import { match, ok } from "node:assert/strict";

const HIDDEN = {
  VK_ICD_FILENAMES: "/nonexistent",
  VK_DRIVER_FILES: "/nonexistent",
  __EGL_VENDOR_LIBRARY_FILENAMES: "/nonexistent",
};

async function deno(...args: ReadonlyArray<string>): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("deno", {
    args: [...args],
    env: HIDDEN,
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  ok(success, decode(stderr));
  return decode(stdout);
}

Deno.test({
  name: "where no driver is installed, one is fetched and gives a device",
  ignore: Deno.build.os !== "linux" || Deno.build.arch !== "x86_64",
  fn: async () => {
    await deno("task", "--quiet", "driver");
    const permissions = ["--allow-read", "--allow-env", "--allow-ffi=.cache/driver"];
    const out = await deno("run", "--no-prompt", ...permissions, "tests/support/print_adapter.ts");
    match(out, /^true SwiftShader .* 256\n$/);
  },
});
