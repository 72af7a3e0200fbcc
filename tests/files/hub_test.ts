import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { parametersOf } from "../../src/model/parameters.ts";
import { readParameters } from "../../src/model/weight_source.ts";
import { readModelFolder } from "../../src/pipeline/model_folder.ts";
import { blobOf, MODEL, serveHub, sha256, shardedFiles } from "../support/hub_server.ts";
import { folderTest } from "./fixtures.ts";
import {
  bytes,
  fetched,
  files,
  FIRST,
  hubTest,
  namesIn,
  refused,
  repoOf,
  SECOND,
  skilled,
  WEIGHTS,
} from "./hub_fixtures.ts";

const sharded = await shardedFiles();
const SHARD = "model-00002-of-00002.safetensors";
const NEEDED = ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json"];

hubTest("fetchSnapshot() fetches what a model needs, in the layout that tools share", {}, async ({
  hub,
  settings,
}) => {
  files.length = 0;
  const { folder, commit } = await fetched(settings);
  const repo = repoOf(settings);
  strictEqual(commit, FIRST);
  strictEqual(folder, `${repo}/snapshots/${FIRST}`);
  const names = [...NEEDED, WEIGHTS];
  deepStrictEqual(files, names);
  deepStrictEqual(hub.fetched(), names);
  deepStrictEqual(await namesIn(folder), [...names].sort());
  for (const name of names) {
    const blob = blobOf(name, skilled[name]!);
    strictEqual(await Deno.readLink(`${folder}/${name}`), `../../blobs/${blob}`);
    deepStrictEqual(await Deno.readFile(`${folder}/${name}`), skilled[name]);
  }
  strictEqual((await namesIn(`${repo}/blobs`)).length, names.length);
  strictEqual(await Deno.readTextFile(`${repo}/refs/main`), FIRST);
});

hubTest("fetchSnapshot() asks for nothing that the cache has whole", {}, async ({
  hub,
  settings,
}) => {
  const first = await fetched(settings);
  const before = hub.requests.length;
  deepStrictEqual(await fetched(settings), first);
  deepStrictEqual(await fetched({ ...settings, isOffline: true }), first);
  deepStrictEqual(await fetched(settings, { revision: FIRST }), first);
  strictEqual(hub.requests.length, before);
});

hubTest("fetchSnapshot() shares blobs between revisions", {}, async ({ hub, settings }) => {
  await fetched(settings);
  const before = hub.fetched().length;
  const { folder, commit } = await fetched(settings, { revision: "pr/7" });
  strictEqual(commit, SECOND);
  deepStrictEqual(hub.fetched().slice(before), ["generation_config.json"]);
  strictEqual(await Deno.readTextFile(`${folder}/generation_config.json`), "{}");
  strictEqual(await Deno.readTextFile(`${repoOf(settings)}/refs/pr/7`), SECOND);
  strictEqual((await fetched(settings)).commit, FIRST);
});

hubTest("fetchSnapshot() fetches the shards of the list", { files: sharded }, async ({
  hub,
  settings,
}) => {
  const { folder } = await fetched(settings);
  const shards = ["model-00001-of-00002.safetensors", SHARD];
  deepStrictEqual(hub.fetched(), [...NEEDED, "model.safetensors.index.json", ...shards]);
  deepStrictEqual(await Deno.readFile(`${folder}/${SHARD}`), sharded[SHARD]);
});

hubTest("readModelFolder() reads a fetched model as it reads a folder", { files: sharded }, async ({
  settings,
}) => {
  const { folder } = await fetched(settings);
  const read = (path: string) =>
    Effect.runPromise(Effect.gen(function* () {
      const model = yield* readModelFolder(path);
      const parameters = parametersOf(model.architecture);
      return { ...model, weights: yield* readParameters(model.weights, parameters) };
    }));
  deepStrictEqual(await read(folder), await read("checkpoints/skilled"));
});

const isShard = (path: string) => path.endsWith(SHARD);

hubTest("fetchSnapshot() goes on where a connection was cut", {
  files: sharded,
  cutAfter: ({ host, path, before }) =>
    host === "cdn" && isShard(path) && before < 2 ? 200_000 : null,
}, async ({ hub, settings }) => {
  const { folder } = await fetched(settings);
  const ranges = hub.requests.filter(({ host, path }) => host === "cdn" && isShard(path))
    .map(({ range }) => range);
  deepStrictEqual(ranges, [null, "bytes=200000-", "bytes=400000-"]);
  deepStrictEqual(await Deno.readFile(`${folder}/${SHARD}`), sharded[SHARD]);
});

for (const ending of ["silence", "end"] as const) {
  hubTest(`fetchSnapshot() goes on after ${ending === "end" ? "an early end" : "silence"}`, {
    cutBy: ending,
    cutAfter: ({ host, before }) => host === "cdn" && before === 0 ? 100_000 : null,
  }, async ({ hub, settings }) => {
    const { folder } = await fetched(settings, { silence: 1 });
    const ranges = hub.requests.filter(({ host }) => host === "cdn").map(({ range }) => range);
    deepStrictEqual(ranges, [null, "bytes=100000-"]);
    deepStrictEqual(await Deno.readFile(`${folder}/${WEIGHTS}`), skilled[WEIGHTS]);
  });
}

hubTest("fetchSnapshot() begins anew where a server knows no ranges", {
  ignoresRanges: true,
  cutAfter: ({ host, before }) => host === "cdn" && before === 0 ? 100_000 : null,
}, async ({ settings }) => {
  const { folder } = await fetched(settings);
  deepStrictEqual(await Deno.readFile(`${folder}/${WEIGHTS}`), skilled[WEIGHTS]);
});

Deno.test("fetchSnapshot() keeps what came before a connection broke for good, and a later run ends it", async () => {
  const folder = await Deno.makeTempDir();
  const isBroken = { now: true };
  const hub = serveHub({
    commits: { [FIRST]: sharded },
    refs: { main: FIRST },
    cutAfter: ({ host, path, before }) =>
      host === "cdn" && isShard(path) && isBroken.now ? (before === 0 ? 300_000 : 0) : null,
  });
  const settings = {
    endpoint: hub.endpoint,
    cache: folder,
    token: null,
    isOffline: false,
  };
  const size = sharded[SHARD]!.length;
  match(
    await refused(settings),
    new RegExp(
      `must be reachable: .*; 300000 of ${size} bytes of ${SHARD} are kept, and running again goes`,
    ),
  );
  const repo = repoOf(settings);
  const part = `${sha256(sharded[SHARD]!)}.incomplete`;
  strictEqual((await Deno.stat(`${repo}/blobs/${part}`)).size, 300_000);
  ok(!(await namesIn(`${repo}/snapshots/${FIRST}`)).includes(SHARD));
  deepStrictEqual(await namesIn(`${repo}/refs`), []);
  match(await refused({ ...settings, isOffline: true }), /HF_HUB_OFFLINE is set/);

  isBroken.now = false;
  const before = hub.requests.length;
  const snapshot = await fetched(settings);
  const later = hub.requests.slice(before).filter(({ host }) => host === "cdn");
  deepStrictEqual(later.map(({ range }) => range), ["bytes=300000-"]);
  deepStrictEqual(await Deno.readFile(`${snapshot.folder}/${SHARD}`), sharded[SHARD]);
  ok(!(await namesIn(`${repo}/blobs`)).includes(part));
  await hub.close();
  await Deno.remove(folder, { recursive: true });
});

for (const name of [WEIGHTS, "config.json"]) {
  hubTest(`fetchSnapshot() refuses and removes a ${name} with a wrong hash`, {
    tamper: (file, bytes) => file === name ? bytes.with(bytes.length - 3, 1) : bytes,
  }, async ({ settings }) => {
    const hash = blobOf(name, skilled[name]!);
    const message = await refused(settings);
    match(message, new RegExp(`as the hash of ${name} must be ${hash}: it is [0-9a-f]{40,64}; `));
    ok((await namesIn(`${repoOf(settings)}/blobs`)).every((blob) => !blob.startsWith(hash)));
    ok(!(await namesIn(`${repoOf(settings)}/snapshots/${FIRST}`)).includes(name));
  });
}

hubTest("fetchSnapshot() refuses a file that is longer than the Hub says", {
  tamper: (_, bytes) => new Uint8Array([...bytes, ...new Uint8Array(10_000_000)]),
}, async ({ settings }) => {
  bytes.length = 0;
  match(await refused(settings), /as the hash of config.json must be /);
  // The file is refused before its end is read.
  ok(Math.max(...bytes) < 1_000_000);
});

hubTest(
  "fetchSnapshot() gives the token to the Hub and to no other host",
  { token: "secret" },
  async ({
    hub,
    settings,
  }) => {
    strictEqual(
      await refused(settings),
      `Cannot fetch "${MODEL}" from ${hub.endpoint} as it must be a public model, or HF_TOKEN (or ` +
        "hf auth login) the token of someone who may read it: it answers 401 without a token " +
        "(Invalid username or password.)",
    );
    match(
      await refused({ ...settings, token: "wrong" }),
      /as the token's owner must have access, which .* may grant: it answers 401 to your token/,
    );
    const before = hub.requests.length;
    await fetched({ ...settings, token: "secret" });
    const given = hub.requests.slice(before).map(({ host, authorization }) =>
      `${host} ${authorization}`
    );
    deepStrictEqual([...new Set(given)].sort(), ["cdn null", "hub Bearer secret"]);
  },
);

hubTest("fetchSnapshot() says who may grant access to a gated model", {
  status: ({ path }) => path.includes("/resolve/") ? 403 : null,
}, async ({ hub, settings }) => {
  match(
    await refused({ ...settings, token: "mine" }),
    new RegExp(`must have access, which ${hub.endpoint}/${MODEL} may grant: it answers 403`),
  );
});

hubTest("fetchSnapshot() refuses models, revisions and files that are not there", {}, async ({
  settings,
}) => {
  match(
    await refused(settings, { id: "igpo-tests/none" }),
    /^Cannot fetch "igpo-tests\/none" .* must be such a model .*: it answers 404 without a token \(Repository not found\)$/,
  );
  match(
    await refused(settings, { revision: "v9" }),
    /with a revision "v9", or a folder here: it answers 404 without a token \(Invalid rev id: v9\)$/,
  );
  deepStrictEqual(await namesIn(settings.cache), []);
});

const { [WEIGHTS]: _, ...weightless } = skilled;
hubTest("fetchSnapshot() says how to convert weights that are no safetensors", {
  files: weightless,
}, async ({ hub, settings }) => {
  match(
    await refused(settings),
    /must have model.safetensors or .*: it has pytorch_model.bin only, which transformers writes anew with AutoModelForCausalLM\.from_pretrained\("igpo-tests\/skilled"\)\.save_pretrained\("DIR"\)/,
  );
  deepStrictEqual(hub.fetched(), []);
});

const { "tokenizer.json": __, ...speechless } = skilled;
hubTest("fetchSnapshot() refuses a model without a tokenizer", { files: speechless }, async ({
  settings,
}) => {
  match(await refused(settings), /as it must have tokenizer.json: it has config.json, /);
});

hubTest("fetchSnapshot() waits for a Hub that has no time", {
  status: ({ before }) => before < 2 ? 503 : null,
}, async ({ settings }) => {
  strictEqual((await fetched(settings)).commit, FIRST);
});

hubTest("fetchSnapshot() refuses an answer that is not the Hub's", {
  refs: { main: "../../etc" },
  commits: { "../../etc": skilled },
}, async ({ settings }) => {
  match(await refused(settings), /must answer as the Hugging Face Hub does: /);
});

folderTest("fetchSnapshot() says so when nobody answers", async (folder) => {
  const hub = serveHub({ commits: {}, refs: {} });
  await hub.close();
  const settings = { endpoint: hub.endpoint, cache: folder, token: null, isOffline: false };
  match(
    await refused(settings),
    /^Cannot fetch .* must be reachable: .*Connection refused.*; what the cache holds whole needs no/,
  );
});

hubTest("fetchSnapshot() keeps what fits on a full disk", {}, async ({ settings }) => {
  const { write } = Deno.FsFile.prototype;
  const disk = { room: 500_000 };
  Deno.FsFile.prototype.write = function (bytes) {
    disk.room -= bytes.length;
    const full = new Error("No space left on device (os error 28)");
    return disk.room < 0 ? Promise.reject(full) : write.call(this, bytes);
  };
  const message = await refused(settings).finally(() => {
    Deno.FsFile.prototype.write = write;
  });
  const size = skilled[WEIGHTS]!.length;
  match(
    message,
    new RegExp(
      `^Cannot keep ${WEIGHTS} of .* must have room for ${size} bytes: No space left on device ` +
        "\\(os error 28\\); \\d+ bytes are kept, and running again goes on from there$",
    ),
  );
  const { folder } = await fetched(settings);
  deepStrictEqual(await Deno.readFile(`${folder}/${WEIGHTS}`), skilled[WEIGHTS]);
});

hubTest("two programs fetch a blob once", {}, async ({ hub, settings }) => {
  const both = await Promise.all([fetched(settings), fetched(settings)]);
  deepStrictEqual(both[0], both[1]);
  strictEqual(hub.fetched().filter((name) => name === WEIGHTS).length, 1);
});

folderTest(
  "fetchSnapshot() finds what huggingface_hub for Python has laid out, without a network",
  async (cache) => {
    const repo = `${cache}/models--igpo-tests--skilled`;
    const folder = `${repo}/snapshots/${FIRST}`;
    for (const path of [folder, `${repo}/blobs`, `${repo}/refs`, `${repo}/.no_exist/${FIRST}`]) {
      await Deno.mkdir(path, { recursive: true });
    }
    await Deno.writeTextFile(`${repo}/refs/main`, FIRST);
    const settings = {
      endpoint: "http://127.0.0.1:1",
      cache,
      token: null,
      isOffline: true,
    };
    const place = async (name: string) => {
      const blob = blobOf(name, skilled[name]!);
      await Deno.writeFile(`${repo}/blobs/${blob}`, skilled[name]!);
      await Deno.symlink(`../../blobs/${blob}`, `${folder}/${name}`);
    };
    for (const name of NEEDED) await place(name);
    match(await refused(settings), /does not hold all of its revision "main"$/);
    await place(WEIGHTS);
    deepStrictEqual(await fetched(settings), { folder, commit: FIRST });
    // A link to a missing blob does not count as a file.
    await Deno.remove(`${repo}/blobs/${sha256(skilled[WEIGHTS]!)}`);
    match(await refused(settings), /does not hold all of its revision "main"$/);
  },
);
