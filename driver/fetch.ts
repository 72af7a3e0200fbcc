/**
 * Puts SwiftShader, a Vulkan driver that computes on the CPU, into `.cache/driver`: the way to WebGPU for a
 * plain user of a machine that has no adapter. It comes from an npm package that carries it for headless Chromium.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { brotliDecompressSync } from "node:zlib";
import { DRIVER_FILES, DRIVER_FOLDER } from "./folder.ts";
import { readTar } from "./tar.ts";

/** Writes all files into a sibling folder first, so that an interrupted fetch leaves nothing under the real name. */
async function unpack(archive: Uint8Array): Promise<void> {
  const files = readTar(archive);
  const parent = fileURLToPath(new URL("..", DRIVER_FOLDER));
  await Deno.mkdir(parent, { recursive: true });
  const partial = await Deno.makeTempDir({ dir: parent, prefix: "driver-" });
  try {
    for (const name of DRIVER_FILES) {
      const bytes = files.get(name);
      if (bytes === undefined) throw new Error(`The driver's archive lacks "${name}"`);
      await Deno.writeFile(`${partial}/${name}`, bytes, { mode: 0o755 });
    }
    await Deno.chmod(partial, 0o755);
    await Deno.remove(DRIVER_FOLDER, { recursive: true }).catch(() => {});
    await Deno.rename(partial, DRIVER_FOLDER);
  } catch (error) {
    await Deno.remove(partial, { recursive: true });
    throw error;
  }
}

// The import makes Deno fetch the package and resolve its name to a file; the module itself is not used.
await import("@sparticuz/chromium");
const archive = new URL("../bin/swiftshader.tar.br", import.meta.resolve("@sparticuz/chromium"));
await unpack(brotliDecompressSync(await Deno.readFile(archive)));
