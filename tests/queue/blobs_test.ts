import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { type BlobFolder, openBlobFolder } from "../../src/queue/blobs.ts";
import { inFolder } from "../support/tiny_run.ts";

const parts = [Uint8Array.of(1, 2, 3), Uint8Array.of(4)];

const withBlobs = (use: (blobs: BlobFolder, folder: string) => Promise<void>) =>
  inFolder(async (outer) => {
    const folder = `${outer}/blobs`;
    await use(await Effect.runPromise(openBlobFolder(folder)), folder);
  });

const refusal = (blobs: BlobFolder, blob: Parameters<BlobFolder["get"]>[0], most = 100) =>
  Effect.runPromise(Effect.flip(blobs.get(blob, most)));

Deno.test("a blob comes back as it was put, under the hash that others compute", () =>
  withBlobs(async (blobs, folder) => {
    const blob = await Effect.runPromise(blobs.put(parts));
    deepStrictEqual(blob, {
      sha256: "9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a",
      bytes: 4,
    });
    deepStrictEqual([...await Effect.runPromise(blobs.get(blob, 4))], [1, 2, 3, 4]);
    deepStrictEqual(await Effect.runPromise(blobs.put(parts)), blob);
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    deepStrictEqual(names, [blob.sha256]);
  }));

Deno.test("a blob that was cut off, changed or is too large is refused, and a missing one is told apart", () =>
  withBlobs(async (blobs, folder) => {
    const blob = await Effect.runPromise(blobs.put(parts));
    const path = `${folder}/${blob.sha256}`;
    match((await refusal(blobs, blob, 3)).message, /must have at most 3 bytes: it has 4$/);
    await Deno.writeFile(path, Uint8Array.of(1, 2, 3, 5));
    match(
      (await refusal(blobs, blob)).message,
      /must have the hash of its name: theirs is [0-9a-f]/,
    );
    await Deno.writeFile(path, Uint8Array.of(1, 2, 3));
    const cut = await refusal(blobs, blob);
    match(cut.message, /^Cannot use the blob 9f64a747e1b9… as it must have 4 bytes: it has 3$/);
    ok(!cut.isMissing);
    await Effect.runPromise(blobs.keepOnly([]));
    ok((await refusal(blobs, blob)).isMissing);
  }));

Deno.test("collecting removes all blobs but those that are named", () =>
  withBlobs(async (blobs, folder) => {
    const kept = await Effect.runPromise(blobs.put(parts));
    const other = await Effect.runPromise(blobs.put([Uint8Array.of(9)]));
    await Deno.writeTextFile(`${folder}/.being-written.tmp`, "");
    await Effect.runPromise(blobs.keepOnly([kept]));
    strictEqual((await Effect.runPromise(blobs.get(kept, 4))).length, 4);
    ok((await refusal(blobs, other)).isMissing);
    await Deno.stat(`${folder}/.being-written.tmp`);
  }));
