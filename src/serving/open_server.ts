import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import type { Recipe } from "../domain/recipe.ts";
import type { Lora } from "../model/lora.ts";
import { truncates } from "../model/decode.ts";
import type { ModelFolder } from "../pipeline/model_folder.ts";
import { checkAllowed, isBareAddress, keyHeader } from "../search/open.ts";
import { openLlamaCpp } from "./llama_cpp.ts";
import type { Server, ServerOptions } from "./server.ts";
import { sglang } from "./sglang.ts";
import { openVllm } from "./vllm.ts";

const KINDS = {
  "llama.cpp": openLlamaCpp,
  sglang: (options: ServerOptions) => Effect.succeed(sglang(options)),
  vllm: openVllm,
};

/** Variable of the environment that holds the server's key, if it needs one; it is written and printed nowhere. */
const KEY = "POLICY_API_KEY";

/** A server as `--policy` names it. */
export interface NamedServer {
  readonly kind: keyof typeof KINDS;
  readonly url: URL;
}

/** Reads a name like `vllm:http://127.0.0.1:8000`. */
export function parseServer(named: string): Effect.Effect<NamedServer, BadInput> {
  const at = named.indexOf(":");
  const [kind, url] = [named.slice(0, at), URL.parse(named.slice(at + 1))];
  const isBare = url !== null && isBareAddress(url) && url.pathname + url.search + url.hash === "/";
  if (isKind(kind) && isBare) return Effect.succeed({ kind, url });
  return Effect.fail(
    new BadInput({
      // What stands there may hold a password.
      message: `Cannot sample elsewhere as --policy must be one of ${
        Object.keys(KINDS).join(", ")
      } and an address without a path, such as llama.cpp:http://127.0.0.1:8080: it is neither`,
    }),
  );
}

function isKind(kind: string): kind is keyof typeof KINDS {
  return Object.hasOwn(KINDS, kind);
}

/** The server of such a name; adapters are published in `folder`. */
export const openServer = Effect.fn("openServer")(function* (
  named: string,
  options: Pick<ServerOptions, "folder" | "patience">,
) {
  const { kind, url } = yield* parseServer(named);
  yield* checkAllowed(`sample at ${url.host}`, url.host);
  const headers = yield* keyHeader(`sample at ${url.host}`, KEY);
  return (yield* KINDS[kind]({ ...options, origin: url.origin, headers })) as Server;
});

/** The adapters of a run whose messages servers can sample; fails for other runs. */
export const checkServable = Effect.fnUntraced(function* (
  { lora }: Pick<ModelFolder, "lora">,
  recipe: Recipe,
): Effect.fn.Return<Lora, BadInput> {
  if (lora === null) {
    return yield* new BadInput({
      message: "Cannot sample with --policy as the recipe must have a lora, whose adapters a " +
        "server is sent after each update, unlike whole weights, which are too large for that: " +
        "it has none",
    });
  }
  yield* checkSampling(recipe);
  return lora;
});

/** Fails where servers differ in what a log-prob is. */
export function checkSampling(recipe: Recipe): Effect.Effect<void, BadInput> {
  if (recipe.temperature === 1 && !truncates(recipe)) return Effect.void;
  return Effect.fail(
    new BadInput({
      message: "Cannot sample with --policy as temperature must be 1, topK 0, topP 1 and minP 0, " +
        "under which all servers mean the same log-prob: they are " +
        `${recipe.temperature}, ${recipe.topK}, ${recipe.topP} and ${recipe.minP}`,
    }),
  );
}

/** Fails where a server says that it serves another model, or shorter contexts. */
export const checkServed = Effect.fn("checkServed")(function* (
  { name, describe }: Server,
  { architecture }: Pick<ModelFolder, "architecture">,
  { contextTokens }: Pick<Recipe, "contextTokens">,
) {
  const served = yield* describe;
  const rule = served.vocabulary !== null && served.vocabulary !== architecture.vocabulary
    ? `its model must have ${architecture.vocabulary} ids as the one that is trained: it has ` +
      `${served.vocabulary}`
    : served.contextTokens !== null && served.contextTokens < contextTokens
    ? `it must take contexts of ${contextTokens} tokens: it takes ${served.contextTokens}`
    : null;
  if (rule !== null) {
    return yield* new BadInput({ message: `Cannot sample at ${name} as ${rule}` });
  }
});
