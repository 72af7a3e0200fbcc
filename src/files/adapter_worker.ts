/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
// Answers with one message whether WebGPU finds an adapter in a fresh runtime.
const adapter = await navigator.gpu.requestAdapter();
self.postMessage(adapter !== null);
self.close();
