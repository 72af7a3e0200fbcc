/**
 * The graphics drivers that this machine has. `deno task driver` runs this file without a configuration, so this file
 * imports no packages.
 *
 * @module
 */
import type { AdapterInfo } from "../domain/adapter.ts";
import { BACKEND } from "./driver_folder.ts";

/** Whether Mesa's Vulkan driver for the CPU is installed, and Vulkan's loader. */
export function hasLavapipe(): boolean {
  const data = Deno.env.get("XDG_DATA_DIRS") || "/usr/local/share:/usr/share";
  const drivers = ["/etc", ...data.split(":")].flatMap((path) => namesIn(`${path}/vulkan/icd.d`));
  const triple = `${Deno.build.arch}-linux-gnu`;
  const libraries = [`/usr/lib/${triple}`, "/usr/lib64", "/usr/lib", "/usr/local/lib"];
  return drivers.some((name) => /^lvp_.*\.json$/.test(name)) &&
    libraries.some((folder) => namesIn(folder).includes("libvulkan.so.1"));
}

// Deno lets a program read files in /proc and /sys only if it has all permissions. Other programs can import them as
// modules whose paths are literals in the source. Other systems have no such modules.

/** Whether Linux has a device that could be a GPU, by its own drivers, by NVIDIA's, or by Windows below it. */
export async function hasGpu(): Promise<boolean> {
  const found = await Promise.allSettled([
    import("file:///sys/class/drm/renderD128/dev", { with: { type: "text" } }),
    import("file:///proc/driver/nvidia/version", { with: { type: "text" } }),
    import("file:///sys/class/misc/dxg/dev", { with: { type: "text" } }),
  ]);
  return found.some(({ status }) => status === "fulfilled");
}

/** Whether Linux says that this CPU has registers of 512 bits. */
export async function hasAvx512(): Promise<boolean> {
  const read = import("file:///proc/cpuinfo", { with: { type: "text" } });
  return / avx512f /.test(await read.then((module) => module.default, () => ""));
}

/** The adapter that WebGPU finds with a backend. A worker asks, as a runtime that once found none never finds one. */
export async function askAdapter(backend: "vulkan" | "gl"): Promise<AdapterInfo | null> {
  Deno.env.set(BACKEND, backend);
  const worker = new Worker(new URL("./adapter_worker.ts", import.meta.url), { type: "module" });
  const timeout = Promise.withResolvers<null>();
  const timer = setTimeout(() => timeout.resolve(null), 10_000);
  try {
    return await Promise.race([timeout.promise, answerOf(worker)]);
  } finally {
    clearTimeout(timer);
    worker.terminate();
    Deno.env.delete(BACKEND);
  }
}

function answerOf(worker: Worker): Promise<AdapterInfo | null> {
  return new Promise((resolve) => {
    worker.onmessage = (event: MessageEvent<AdapterInfo | null>) => resolve(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      resolve(null);
    };
  });
}

function namesIn(folder: string): ReadonlyArray<string> {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}
