/**
 * The graphics drivers that this machine has. `deno task driver` uses this file without a configuration, so this file
 * imports no packages.
 *
 * @module
 */
import type { AdapterInfo } from "../domain/adapter.ts";
import { BACKEND } from "./driver_folder.ts";

/** Whether Mesa's Vulkan for the CPU is installed, with the loader that leads to it. */
export function hasLavapipe(): boolean {
  const data = Deno.env.get("XDG_DATA_DIRS") || "/usr/local/share:/usr/share";
  const drivers = ["/etc", ...data.split(":")].flatMap((path) => namesIn(`${path}/vulkan/icd.d`));
  const triple = `${Deno.build.arch}-linux-gnu`;
  const libraries = [`/usr/lib/${triple}`, "/usr/lib64", "/usr/lib", "/usr/local/lib"];
  return drivers.some((name) => /^lvp_.*\.json$/.test(name)) &&
    libraries.some((folder) => namesIn(folder).includes("libvulkan.so.1"));
}

// Deno opens what lies in /proc and /sys to programs that may do everything, and to others as modules that their source
// names. On other systems there are no such modules.

/** Whether Linux knows a device that could be a GPU: by its own drivers, NVIDIA's, or Windows below it. */
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

/** Asks in a worker what WebGPU finds with a backend: a runtime that once found no adapter never finds one. */
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
