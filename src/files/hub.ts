import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { shorten } from "../domain/quote.ts";
import { readShardNames } from "./checkpoint_dir.ts";
import { INDEX, SINGLE } from "./read_checkpoint.ts";
import { pathExists, syncFolder } from "./disk.ts";
import { fetchBlob, type HubBlob } from "./hub_blob.ts";
import {
  findSnapshot,
  hubFolder,
  type HubModel,
  linkBlob,
  NEEDED_FILES,
  OPTIONAL_FILES,
  type Snapshot,
  snapshotFolder,
  writeRef,
} from "./hub_cache.ts";
import { type HubFile, type HubListing, listHubModel } from "./hub_listing.ts";
import type { HubPlace } from "./hub_request.ts";
import type { HubSettings } from "./hub_settings.ts";

/** Callbacks on the progress of a fetch. */
export interface FetchWatch {
  /** The first `bytes` bytes of a file are there. */
  readonly onBytes: (file: HubFile, bytes: number) => Effect.Effect<void>;
  /** A fetched file is complete. */
  readonly onFile: (file: HubFile) => Effect.Effect<void>;
}

/**
 * A model of the Hugging Face Hub as a folder of the cache. A revision that the cache holds completely is used without
 * a request. Otherwise only the missing files that a model is loaded from are fetched.
 */
export const fetchSnapshot = Effect.fn("fetchSnapshot")(
  function* (model: HubModel, settings: HubSettings, watch: FetchWatch) {
    const kept = yield* findSnapshot(settings.cache, model);
    if (kept !== null) return kept;
    if (settings.isOffline) {
      return yield* new BadInput({
        message: `Cannot fetch "${model.id}" as HF_HUB_OFFLINE is set: ` +
          `"${settings.cache}" does not hold all of its revision "${model.revision}"`,
      });
    }
    const place = { settings, model };
    const listing = yield* listHubModel(place);
    yield* checkListing(place, listing);
    const repo = hubFolder(settings.cache, model.id);
    const folder = snapshotFolder(repo, listing.commit);
    const bring = Effect.fnUntraced(function* (name: string) {
      const file = yield* fileOf(place, listing, name);
      if (yield* pathExists(`${folder}/${name}`)) return;
      const blob: HubBlob = { ...place, commit: listing.commit, file };
      if (yield* fetchBlob(blob, watch.onBytes)) yield* watch.onFile(file);
      yield* linkBlob(folder, name, file.hash);
    });
    const has = (name: string) => listing.files.has(name);
    const weights = has(SINGLE) ? SINGLE : INDEX;
    yield* Effect.forEach([...NEEDED_FILES, ...OPTIONAL_FILES.filter(has), weights], bring);
    if (weights === INDEX) yield* Effect.forEach(yield* readShardNames(folder), bring);
    yield* syncFolder(folder);
    yield* writeRef(repo, model.revision, listing.commit);
    return { folder, commit: listing.commit } satisfies Snapshot;
  },
);

/** Fails where there are no safetensors, before anything is fetched. */
const checkListing = Effect.fnUntraced(
  function* ({ model: { id } }: HubPlace, { files }: HubListing) {
    if (files.has(SINGLE) || files.has(INDEX)) return;
    const old = [...files.keys()].find((name) => name.endsWith(".bin"));
    return yield* new BadInput({
      message: `Cannot use "${id}" as it must have ${SINGLE} or ${INDEX}: it has ` +
        (old === undefined
          ? namesOf(files)
          : `${old} only, which transformers writes anew with AutoModelForCausalLM.` +
            `from_pretrained("${id}").save_pretrained("DIR"), and its tokenizer likewise`),
    });
  },
);

const fileOf = Effect.fnUntraced(
  function* ({ model: { id, revision } }: HubPlace, { files }: HubListing, name: string) {
    return files.get(name) ?? (yield* new BadInput({
      message: `Cannot use "${id}" at revision "${revision}" as it must have ${name}: ` +
        `it has ${namesOf(files)}`,
    }));
  },
);

const namesOf = (files: HubListing["files"]) => shorten([...files.keys()].join(", "));
