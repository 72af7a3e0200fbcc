import { Effect, type Scope, Semaphore } from "effect";
import { BadInput } from "../domain/errors.ts";
import type { Search } from "../domain/search.ts";
import { PATIENCE } from "./ask.ts";
import { searchR1, WEB_SERVICES } from "./engines.ts";
import { openIndex } from "./index_file.ts";

/** What a call may take. */
export interface SearchLimits {
  /** Seconds after which the tool is late; the engine gives up before, so that it can say why. */
  readonly deadline: number;
  /** Calls of the engine's host at the same time; the others wait. */
  readonly atATime: number;
}

/**
 * The search engine of a name: an address of Search-R1's protocol, a web service whose key is in the environment, or an
 * index on disk. It is open until the scope closes.
 */
export const openSearch = Effect.fn("openSearch")(function* (
  name: string,
  { deadline, atATime }: SearchLimits,
): Effect.fn.Return<Search, BadInput, Scope.Scope> {
  const total = 0.9 * deadline;
  const turns = yield* Semaphore.make(atATime);
  const patience = { ...PATIENCE, total, seconds: Math.min(PATIENCE.seconds, total), turns };
  if (Object.hasOwn(WEB_SERVICES, name)) {
    // The name is one of the keys.
    const service = WEB_SERVICES[name as keyof typeof WEB_SERVICES];
    const key = (Deno.env.get(service.key) ?? "").trim();
    if (isKey(key)) {
      yield* checkAllowed(`search with "${name}"`, new URL(service.url).host);
      return service.make({ key, patience });
    }
    // What a key is, no message says.
    const found = key === "" ? "it is not set" : "it has white space or other characters in it";
    return yield* new BadInput({
      message: `Cannot search with ${name} as ${service.key} must hold its key: ${found}`,
    });
  }
  if (isIndexFile(name)) return (yield* openIndex(name)).search;
  const url = URL.parse(name);
  if (url !== null && isBareAddress(url)) {
    yield* checkAllowed(`search at ${url.host}`, url.host);
    return searchR1(name, patience);
  }
  return yield* new BadInput({
    message: "Cannot search at this address as it must be one like http://127.0.0.1:8000, " +
      "without a user or a password",
  });
});

/** Whether a name is that of an index on disk. */
export function isIndexFile(name: string): boolean {
  return name !== SEARCH_OFF && !Object.hasOwn(WEB_SERVICES, name) && !/^https?:/.test(name);
}

/** What `search` is where tools find nothing: the control that shows what searching is worth. */
export const SEARCH_OFF = "off";

/** Whether a key can stand in a header. */
export function isKey(key: string): boolean {
  return /^[\x21-\x7e]+$/.test(key);
}

/** The header of a key that a variable of the environment holds; none where it is not set. `action` needs the key. */
export function keyHeader(
  action: string,
  variable: string,
): Effect.Effect<Readonly<Record<string, string>>, BadInput> {
  return Effect.suspend(() => {
    const key = (Deno.env.get(variable) ?? "").trim();
    if (key === "") return Effect.succeed({});
    if (isKey(key)) return Effect.succeed({ authorization: `Bearer ${key}` });
    return Effect.fail(
      new BadInput({
        message: `Cannot ${action} as ${variable} must hold a key: it has white space or other ` +
          `characters in it`,
      }),
    );
  });
}

/** Whether an address is one of HTTP, without a user and a password, which would be written and printed with it. */
export function isBareAddress({ protocol, username, password }: URL): boolean {
  return /^https?:$/.test(protocol) && username === "" && password === "";
}

/** Fails before a run whose every call Deno would refuse, to a host or to any; `action` is what cannot be done then. */
export function checkAllowed(action: string, host: string | null): Effect.Effect<void, BadInput> {
  return Effect.suspend(() => {
    const wanted = { name: "net", ...(host !== null && { host }) } as const;
    if (Deno.permissions.querySync(wanted).state === "granted") return Effect.void;
    return Effect.fail(
      new BadInput({
        message: `Cannot ${action} as this program must be allowed to speak to ` +
          `${
            host ?? "all hosts"
          }: ./igpo allows what its flags, or the configuration of --config ` +
          `or --resume, name`,
      }),
    );
  });
}
