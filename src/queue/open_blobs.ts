/** Where trainer and workers find the blobs of a queue. */
import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { readSecret } from "./blob_secret.ts";
import { type Blobs, openBlobFolder } from "./blobs.ts";
import { reachBlobs } from "./http_blobs.ts";
import type { QueueFlags } from "./place.ts";

const IS_ADDRESS = /^https?:\/\//;

/** The trainer's blobs, which lie in a folder. */
export const openOwnBlobs = Effect.fn("openOwnBlobs")(function* ({ queue, blobs }: QueueFlags) {
  const path = /^sqlite:(.+)$/s.exec(queue)?.[1];
  const folder = blobs ?? (path === undefined ? null : `${path}.blobs`);
  if (folder === null) {
    return yield* new BadInput({
      message: "Cannot use a queue in PostgreSQL without --blobs: it names a folder that all " +
        "processes share, or the address at which a trainer serves its own",
    });
  }
  if (IS_ADDRESS.test(folder)) {
    return yield* new BadInput({
      message: `Cannot keep blobs as the trainer's --blobs must be a folder: current value is ` +
        quote(folder),
    });
  }
  return yield* openBlobFolder(folder);
});

/** A worker's blobs: those of a folder that it shares with the trainer, or those that the trainer serves. */
export const openBlobs = Effect.fn("openBlobs")(function* (flags: QueueFlags) {
  const { blobs } = flags;
  if (blobs === null || !IS_ADDRESS.test(blobs)) {
    return (yield* openOwnBlobs(flags)) satisfies Blobs as Blobs;
  }
  return yield* reachBlobs(blobs, yield* readSecret);
});
