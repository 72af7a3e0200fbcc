/** What the settings of graphics drivers depend on. */
export interface DriverFacts {
  /** The environment as the user left it. */
  readonly env: Readonly<Record<string, string>>;
  readonly cores: number;
  /** A folder for shaders compiled for 512 bits, or null where the CPU has no such registers or there is no folder. */
  readonly wideCache: string | null;
}

/**
 * The variables that drivers read, with values that suit this machine, without those that the user has set.
 *
 * @example
 * ```ts
 * import { deepStrictEqual } from "node:assert/strict";
 * const env = { XDG_RUNTIME_DIR: "/run/user/1000" };
 * const settings = driverSettings({ env, cores: 2, wideCache: null });
 * deepStrictEqual(settings, { LP_NUM_THREADS: "4" });
 * ```
 */
export function driverSettings(
  { env, cores, wideCache }: DriverFacts,
): Readonly<Record<string, string>> {
  const settings: Record<string, string> = {};
  // Without this variable EGL's drivers print an error at each start.
  settings["XDG_RUNTIME_DIR"] = "/tmp";
  // lavapipe computes in 256-bit registers; a CPU with AVX-512 is a third faster with wider ones. lavapipe's shader
  // cache does not tell the widths apart, so the wider one needs a cache of its own.
  if (wideCache !== null && (env["LP_NATIVE_VECTOR_WIDTH"] ?? "") === "") {
    settings["LP_NATIVE_VECTOR_WIDTH"] = "512";
    settings["MESA_SHADER_CACHE_DIR"] = wideCache;
  }
  // With one thread for each core, the system often wakes two threads on one core while another core sleeps. With twice
  // as many that is rare: a step and a token take 0.87 of the time (2 cores). One core computes without threads.
  if (cores >= 2 && cores <= 4) settings["LP_NUM_THREADS"] = String(2 * cores);
  return Object.fromEntries(
    Object.entries(settings).filter(([name]) => (env[name] ?? "") === ""),
  );
}
