import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { onDisk } from "./disk.ts";

/** The address of the Hugging Face Hub, the cache for its files, and the user's token. */
export interface HubSettings {
  /** `https://huggingface.co`, or a mirror of it; without a slash at the end. */
  readonly endpoint: string;
  /** Folder of the cache that tools share. */
  readonly cache: string;
  readonly token: string | null;
  /** Whether only the cache may be used. */
  readonly isOffline: boolean;
}

/** Looks up an environment variable. */
export type Environment = (name: string) => string | undefined;

const IS_TRUE = /^(1|on|yes|true)$/i;

/**
 * Reads the settings that Hugging Face's own tools read: HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, HF_HUB_OFFLINE, and the
 * token in HF_TOKEN or else in the file that `hf auth login` writes.
 *
 * Source: huggingface_hub, `constants.py` and `utils/_auth.py`.
 */
export const readHubSettings = Effect.fn("readHubSettings")(
  function* (env: Environment = (name) => Deno.env.get(name)) {
    const user = env("HOME") ?? env("USERPROFILE") ?? ".";
    // As in those tools, an empty variable counts as unset, and ~ is the user's folder.
    const read = (name: string) => env(name)?.trim().replace(/^~(?=[/\\]|$)/, user) || null;
    const home = read("HF_HOME") ?? `${read("XDG_CACHE_HOME") ?? `${user}/.cache`}/huggingface`;
    const endpoint = (read("HF_ENDPOINT") ?? "https://huggingface.co").replace(/\/+$/, "");
    const refusal = refusalOf(endpoint);
    if (refusal !== null) {
      return yield* new BadInput({ message: `Cannot use HF_ENDPOINT as it ${refusal}` });
    }
    const token = read("HF_TOKEN") ?? (yield* readToken(read("HF_TOKEN_PATH") ?? `${home}/token`));
    if (token !== null && !/^[\x21-\x7e]{1,1000}$/.test(token)) {
      return yield* new BadInput({
        message:
          "Cannot use the token of the Hugging Face Hub as it must be of at most 1000 ASCII " +
          "characters, none of them a space or a line end: it is other text, which is not shown",
      });
    }
    return {
      endpoint,
      cache: read("HF_HUB_CACHE") ?? read("HUGGINGFACE_HUB_CACHE") ?? `${home}/hub`,
      token,
      isOffline: IS_TRUE.test(read("HF_HUB_OFFLINE") ?? ""),
    } satisfies HubSettings;
  },
);

/** The rule that an address breaks, or null. A password is not shown. */
function refusalOf(endpoint: string): string | null {
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    return `must be an http or https address: it is ${quote(endpoint)}`;
  }
  const { username, password } = new URL(endpoint);
  return username + password === "" ? null : "must hold no user and no password: it holds one";
}

const readToken = (path: string) =>
  onDisk(`read the token of the Hugging Face Hub "${path}"`, async () => {
    try {
      return (await Deno.readTextFile(path)).trim() || null;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
  });
