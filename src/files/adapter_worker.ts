/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
// Posts one message: the adapter that WebGPU finds in this fresh runtime, or null.
import { adapterInfo } from "../domain/adapter.ts";

const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
self.postMessage(adapter === null ? null : adapterInfo(adapter));
self.close();
