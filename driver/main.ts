// deno-lint-ignore-file no-console
/**
 * Fetches a software graphics driver where there is none and one can be had without asking anybody: programs depend on
 * the task `driver`. Where there is nothing to do it only looks at a few names of files.
 *
 * @module
 */
import { isNamed, readLibraries } from "../src/files/driver_folder.ts";
import { askAdapter, hasGpu, hasLavapipe } from "../src/files/installed_drivers.ts";
import { FAILURE, fetchDriver, noteFailure } from "./fetch.ts";

/** How long after a failure there is no other try: a machine without a network is not to wait at each start. */
const PAUSE_MILLISECONDS = 24 * 3600_000;

async function isWanted(): Promise<boolean> {
  if (Deno.build.os !== "linux" || isNamed() || readLibraries() !== null) return false;
  if (hasLavapipe() || !hasApt() || failedLately()) return false;
  if (!await hasGpu()) return true;
  const kinds = [await askAdapter("vulkan"), await askAdapter("gl")].map((found) => found?.kind);
  return !kinds.includes("gpu");
}

function hasApt(): boolean {
  try {
    return ["apt-get", "apt-cache", "dpkg-deb", "dpkg-query"].every((name) =>
      Deno.statSync(`/usr/bin/${name}`).isFile
    );
  } catch {
    return false;
  }
}

function failedLately(): boolean {
  try {
    const { mtime } = Deno.statSync(FAILURE);
    return Date.now() - (mtime?.getTime() ?? 0) < PAUSE_MILLISECONDS;
  } catch {
    return false;
  }
}

if (await isWanted()) {
  try {
    await fetchDriver();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(
      `Cannot fetch a graphics driver: ${reason.replaceAll(/\s+/g, " ")}; going on with plain ` +
        "loops (faster: sudo apt-get install mesa-vulkan-drivers)",
    );
    await noteFailure().catch(() => {});
  }
}
