/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
// Answers with one message what WebGPU finds in a fresh runtime, or null.
import { adapterInfo } from "../domain/adapter.ts";

const adapter = await navigator.gpu.requestAdapter({ powerPreference: "high-performance" });
self.postMessage(adapter === null ? null : adapterInfo(adapter));
self.close();
