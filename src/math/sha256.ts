import { Effect } from "effect";

const encoder = new TextEncoder();

/** SHA-256 of a text, as hexadecimal digits. */
export const sha256 = (text: string): Effect.Effect<string> =>
  Effect.promise(async () => {
    const hash = await crypto.subtle.digest("SHA-256", encoder.encode(text));
    return new Uint8Array(hash).toHex();
  });
