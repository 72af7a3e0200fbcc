import { Effect } from "effect";
import type { BadInput, ServerFailed } from "../domain/errors.ts";
import { removeFolderAtomic, writeFolderAtomic } from "../files/atomic.ts";
import { absolutePath, pathExists } from "../files/disk.ts";
import { hashString } from "../math/threefry.ts";
import { writeAdapterFiles } from "../pipeline/adapter_folder.ts";
import type { Publication } from "./server.ts";

/** How a running server takes adapters from a folder in PEFT's layout, and gives them up. */
export interface AdapterCalls {
  readonly load: (name: string, path: string) => Effect.Effect<void, ServerFailed>;
  readonly unload: (name: string) => Effect.Effect<void, ServerFailed>;
}

/** The adapters of a server: each version has a name of its own, so that no cached keys and values are taken for it. */
export interface NamedAdapters {
  /** The name of those that were published last, or null. */
  readonly name: () => string | null;
  readonly publish: (adapters: Publication) => Effect.Effect<void, ServerFailed | BadInput>;
}

/** Adapters below a folder that the server sees under the same path. */
export function namedAdapters(folder: string, { load, unload }: AdapterCalls): NamedAdapters {
  const place = absolutePath(folder);
  /** Runs that share a server must not share names. */
  const run = hashString(place).toString(16);
  let current: string | null = null;
  // A server that was restarted, or an earlier attempt at this step, may know more or fewer names.
  const forget = Effect.fnUntraced(function* (name: string) {
    yield* Effect.catchIf(unload(name), ({ kind }) => kind === "refused", () => Effect.void);
    const path = `${place}/${name}`;
    if (yield* pathExists(path)) yield* removeFolderAtomic(path);
  });
  return {
    name: () => current,
    publish: Effect.fn("publishAdapters")(function* (adapters) {
      const name = `igpo-${run}-${adapters.version}`;
      const old = current;
      yield* forget(name);
      yield* writeFolderAtomic(`${place}/${name}`, (at) => writeAdapterFiles(at, adapters));
      yield* load(name, `${place}/${name}`);
      current = name;
      if (old !== null && old !== name) yield* forget(old);
    }),
  };
}
