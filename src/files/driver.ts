import { fileURLToPath } from "node:url";
import { Effect } from "effect";

/** Where `deno task driver` puts SwiftShader on machines that have no adapter. */
export const DRIVER_FOLDER: URL = new URL("../../.cache/driver/", import.meta.url);

const none = Effect.sync(() => false);

/** Whether WebGPU finds an adapter, asked in a worker: a runtime that found none once never finds one later. */
const hasAdapter = Effect.acquireUseRelease(
  Effect.sync(() =>
    new Worker(new URL("./adapter_worker.ts", import.meta.url), { type: "module" })
  ),
  (worker) =>
    Effect.callback<boolean>((resume) => {
      worker.onmessage = (event: MessageEvent<boolean>) => resume(Effect.succeed(event.data));
      worker.onerror = (event) => {
        event.preventDefault();
        resume(none);
      };
    }),
  (worker) => Effect.sync(() => worker.terminate()),
).pipe(Effect.timeoutOrElse({ duration: "10 seconds", orElse: () => none }));

const isFetched = Effect.sync(() => {
  try {
    return Deno.statSync(new URL("libvulkan.so.1", DRIVER_FOLDER)).isFile;
  } catch {
    return false;
  }
});

/**
 * Makes the software driver that `deno task driver` fetched the one WebGPU uses, and says whether it did: only where
 * such a driver lies and no other adapter is found. Run it before the first `requestAdapter` of the program, since
 * WebGPU looks for drivers once.
 *
 * Needs permission to read and load from the folder, and to set environment variables; without, it does nothing.
 *
 * @example
 * ```ts ignore
 * const isSwiftShader = yield* loadFetchedDriver();
 * const adapter = yield* Effect.promise(() => navigator.gpu.requestAdapter());
 * ```
 */
export const loadFetchedDriver = Effect.fn("loadFetchedDriver")(function* () {
  yield* quietDrivers;
  if (!(yield* isFetched) || (yield* hasAdapter)) return false;
  return yield* Effect.orElseSucceed(load, () => false);
});

/** Without this variable EGL drivers print an error at each start. */
const quietDrivers = Effect.ignore(Effect.try(() => {
  if (Deno.env.get("XDG_RUNTIME_DIR") === undefined) Deno.env.set("XDG_RUNTIME_DIR", "/tmp");
}));

const load = Effect.try(() => {
  const driver = fileURLToPath(new URL("vk_swiftshader_icd.json", DRIVER_FOLDER));
  // Two names of one setting; where both are set, the newer one counts.
  for (const name of ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"]) Deno.env.set(name, driver);
  // Once loaded here, Vulkan's loader is the one found by name when WebGPU asks for it.
  Deno.dlopen(new URL("libvulkan.so.1", DRIVER_FOLDER), {});
  return true;
});
