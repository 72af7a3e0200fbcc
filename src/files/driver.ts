import { Effect } from "effect";
import {
  BACKEND,
  DRIVER_FOLDER,
  isNamed,
  MANIFEST,
  readLibraries,
  useDriver,
} from "./driver_folder.ts";
import { driverSettings } from "./driver_settings.ts";
import { askAdapter, hasAvx512, hasGpu, hasLavapipe } from "./installed_drivers.ts";

/** Whose choice the adapter is that WebGPU comes to find: the user's, this program's, or that there is none worth it. */
export type DriverChoice = "user's" | "ours" | "none";

/**
 * Chooses the driver that WebGPU uses from here on, and sets what drivers read from the environment: a GPU, an
 * installed Mesa on the CPU, or the one that `deno task driver` fetched. What the user has set stays. Run it before the
 * first `requestAdapter` of the program, since WebGPU looks for drivers once.
 *
 * Without permission to set variables it does nothing.
 *
 * @example
 * ```ts ignore
 * const choice = yield* chooseDriver();
 * if (choice === "none") yield* Effect.log("Plain loops are faster than what WebGPU would find");
 * ```
 */
export const chooseDriver = Effect.fn("chooseDriver")(function* () {
  return yield* Effect.promise((): Promise<DriverChoice> => choose().catch(() => "ours"));
});

async function choose(): Promise<DriverChoice> {
  await applySettings();
  if (isNamed()) return "user's";
  if (Deno.build.os !== "linux") return "ours";
  const backend = await installedBackend();
  if (backend !== null) Deno.env.set(BACKEND, backend);
  return backend !== null || useFetched() ? "ours" : "none";
}

/**
 * What finds the best of the installed drivers, or null. Only Vulkan is asked where it has a good answer, since the end
 * of EGL, which OpenGL loads, races with the end of Deno's threads and can crash a program that is done.
 */
async function installedBackend(): Promise<"vulkan" | "gl" | null> {
  for (const backend of await hasGpu() ? ["vulkan", "gl"] as const : []) {
    if ((await askAdapter(backend))?.kind === "gpu") return backend;
  }
  return hasLavapipe() ? "vulkan" : null;
}

/** Loads the fetched driver, if there is one that works and this program may. */
function useFetched(): boolean {
  const libraries = readLibraries();
  if (libraries === null) {
    if (isFetched()) passOver("its files are not as they were when it was fetched");
    return false;
  }
  try {
    useDriver(libraries);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return false;
    passOver(error instanceof Error ? error.message : String(error));
    // So that the next `deno task driver` fetches it again, where this program may write.
    try {
      Deno.removeSync(new URL(MANIFEST, DRIVER_FOLDER));
    } catch { /* Then it is passed over again. */ }
    return false;
  }
}

function isFetched(): boolean {
  try {
    return Deno.statSync(DRIVER_FOLDER).isDirectory;
  } catch {
    return false;
  }
}

function passOver(reason: string): void {
  const line = `Passing over the driver in .cache/driver: ${reason.replaceAll(/\s+/g, " ")}\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
}

async function applySettings(): Promise<void> {
  const env = Deno.env.toObject();
  const wideCache = await hasAvx512() ? shaderFolder(env) : null;
  const facts = { env, cores: navigator.hardwareConcurrency, wideCache };
  for (const [name, value] of Object.entries(driverSettings(facts))) Deno.env.set(name, value);
}

/** A folder of our own for shaders of 512 bits: the user's, or one that is there or can be made. */
function shaderFolder(env: Readonly<Record<string, string>>): string | null {
  const cache = env["XDG_CACHE_HOME"] || `${env["HOME"] || "/tmp"}/.cache`;
  const folder = env["MESA_SHADER_CACHE_DIR"] || `${cache}/igpo/lavapipe-512`;
  try {
    if (!Deno.statSync(folder).isDirectory) return null;
  } catch {
    try {
      Deno.mkdirSync(folder, { recursive: true });
    } catch {
      return null;
    }
  }
  return folder;
}
