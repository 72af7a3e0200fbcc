import assert from "node:assert/strict";
import { Effect, type Scope } from "effect";
import type { BadInput } from "../../src/domain/errors.ts";

const LITTLE_ENDIAN = true;

/** Declares a test that gets an empty folder, which is removed afterwards. */
export function folderTest(name: string, test: (folder: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await test(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** The value of a disk effect, in a scope of its own. */
export function run<A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> {
  return Effect.runPromise(Effect.scoped(effect));
}

/** The message of a disk effect that must fail, of the expected form of a sentence. */
export async function refusal<A>(
  effect: Effect.Effect<A, BadInput, Scope.Scope>,
): Promise<string> {
  const { message } = await run(Effect.flip(effect));
  assert.match(message, /^Cannot [^\n]*[^.\n]$/);
  return message;
}

/** The bytes of a safetensors file with the given header and number of data bytes. */
export function safetensorsBytes(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setUint32(0, json.length, LITTLE_ENDIAN);
  bytes.set(json, 8);
  return bytes;
}
