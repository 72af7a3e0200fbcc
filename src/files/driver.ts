import { Effect } from "effect";
import { BACKEND, DRIVER_FOLDER, isNamed, readLibraries, useDriver } from "./driver_folder.ts";
import { driverSettings } from "./driver_settings.ts";
import { askAdapter, hasAvx512, hasGpu, hasLavapipe } from "./installed_drivers.ts";

/** Who chose the driver that WebGPU uses: the user or this program; `none` where no driver is worth using. */
export type DriverChoice = "user's" | "ours" | "none";

/**
 * Chooses the driver that WebGPU uses from here on: that of a GPU, an installed Mesa for the CPU, or the one that
 * `deno task driver` fetched. It also sets the environment variables that drivers read, but none that the user has set.
 * Run it before the first `requestAdapter` of the program, since WebGPU looks for drivers only once.
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
 * The backend that finds the best installed driver, or null. OpenGL is asked only where Vulkan finds no GPU: OpenGL
 * loads EGL, whose shutdown races with the end of Deno's threads and can crash a program that has finished.
 */
async function installedBackend(): Promise<"vulkan" | "gl" | null> {
  for (const backend of await hasGpu() ? ["vulkan", "gl"] as const : []) {
    if ((await askAdapter(backend))?.kind === "gpu") return backend;
  }
  return hasLavapipe() ? "vulkan" : null;
}

/** Loads the fetched driver; false where there is none, it does not work, or this program may not load it. */
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
    // A program that loads libraries from a folder may not write there.
    const cause = error instanceof Error ? error.message : String(error);
    passOver(`${cause}; delete the folder to have it fetched again`);
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

/** The variables that settings depend on. */
const SETTINGS_VARIABLES = [
  "HOME",
  "LP_NATIVE_VECTOR_WIDTH",
  "LP_NUM_THREADS",
  "MESA_SHADER_CACHE_DIR",
  "XDG_CACHE_HOME",
  "XDG_RUNTIME_DIR",
];

async function applySettings(): Promise<void> {
  const env = Object.fromEntries(
    SETTINGS_VARIABLES.map((name) => [name, Deno.env.get(name) ?? ""]),
  );
  const wideCache = await hasAvx512() ? shaderFolder(env) : null;
  const facts = { env, cores: navigator.hardwareConcurrency, wideCache };
  for (const [name, value] of Object.entries(driverSettings(facts))) Deno.env.set(name, value);
}

/** The user's shader cache or our own for 512 bits, made where it is missing; null where it cannot be made. */
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
