import { deepStrictEqual } from "node:assert/strict";
import { driverSettings } from "../../src/files/driver_settings.ts";

const machine = { env: {}, cores: 2, wideCache: "/cache" };

Deno.test("driverSettings() gives two cores four threads, and wide registers a cache of their own", () => {
  deepStrictEqual(driverSettings(machine), {
    XDG_RUNTIME_DIR: "/tmp",
    LP_NATIVE_VECTOR_WIDTH: "512",
    MESA_SHADER_CACHE_DIR: "/cache",
    LP_NUM_THREADS: "4",
  });
});

Deno.test("driverSettings() leaves threads alone on one core and on many, and registers without a cache", () => {
  for (const cores of [1, 5, 64]) {
    deepStrictEqual(driverSettings({ env: {}, cores, wideCache: null }), {
      XDG_RUNTIME_DIR: "/tmp",
    });
  }
});

Deno.test("driverSettings() changes nothing that the user has set", () => {
  const env = { XDG_RUNTIME_DIR: "/run", LP_NATIVE_VECTOR_WIDTH: "128", LP_NUM_THREADS: "1" };
  deepStrictEqual(driverSettings({ ...machine, env }), {});
  const cached = driverSettings({ ...machine, env: { MESA_SHADER_CACHE_DIR: "/mine" } });
  deepStrictEqual(cached["MESA_SHADER_CACHE_DIR"], undefined);
});
