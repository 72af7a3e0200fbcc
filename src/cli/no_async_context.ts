/**
 * Import it before effect. Whenever a fiber waits, Effect captures an AsyncResource of node:async_hooks if it finds that
 * module, and Deno chains each one to that before it: half a kilobyte that is kept as long as the run. No code here asks
 * for the context that they carry.
 */
Object.defineProperty(process, "getBuiltinModule", { value: undefined });
