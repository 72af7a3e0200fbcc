/** The secret that trainer and workers share. It signs requests for blobs, and is never sent or shown. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";

/** The variable that holds the secret. */
export const SECRET_NAME = "BLOBS_SECRET";
/** So short a secret could be found by trying all: whoever sees a signature can try as many as he likes. */
const FEWEST_CHARACTERS = 32;

/** Signs a request with the secret: its header `authorization`. The path holds the hash of what is sent or got. */
export type Sign = (method: string, path: string) => string;

/** Reads the secret from its variable. */
export const readSecret: Effect.Effect<Sign, BadInput> = Effect.suspend(() => {
  const secret = Deno.env.get(SECRET_NAME) ?? "";
  if (secret.length >= FEWEST_CHARACTERS) return Effect.succeed(signWith(secret));
  return Effect.fail(
    new BadInput({
      message: `Cannot exchange blobs as ${SECRET_NAME} must hold a secret of at least ` +
        `${FEWEST_CHARACTERS} characters, the trainer's and its workers' alike: it has ` +
        `${secret.length}`,
    }),
  );
});

function signWith(secret: string): Sign {
  return (method, path) =>
    `igpo ${createHmac("sha256", secret).update(`${method} ${path}`).digest("hex")}`;
}

/** Whether a request is signed with the secret. How long it takes tells nothing about the right signature. */
export function isSigned(sign: Sign, { method, headers }: Request, path: string): boolean {
  const [given, wanted] = [headers.get("authorization") ?? "", sign(method, path)]
    .map((text) => new TextEncoder().encode(text));
  return given!.length === wanted!.length && timingSafeEqual(given!, wanted!);
}
