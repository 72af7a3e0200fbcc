// deno-lint-ignore-file no-console
/**
 * Tells by its exit code whether a driver is worth fetching: 1 if WebGPU finds no adapter here, there is one to fetch
 * for this machine and it has not been fetched yet, else 0.
 * A process of its own, because a runtime that once found no adapter never finds one.
 *
 * @module
 */
import { DRIVER_FILES, DRIVER_FOLDER } from "./folder.ts";

function isFetched(): boolean {
  return DRIVER_FILES.every((name) => {
    try {
      return Deno.statSync(new URL(name, DRIVER_FOLDER)).isFile;
    } catch {
      return false;
    }
  });
}

const isSupported = Deno.build.os === "linux" && Deno.build.arch === "x86_64";

if (isSupported && !isFetched() && await navigator.gpu.requestAdapter() === null) {
  console.error(
    "No graphics adapter: fetching SwiftShader, a software one, from npm (66 MB, once)",
  );
  Deno.exit(1);
}
