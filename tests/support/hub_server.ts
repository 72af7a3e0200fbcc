/** A server that speaks the protocol of the Hugging Face Hub, and a model for it to serve. */
import { createHash } from "node:crypto";
import { Effect, Result } from "effect";
import { writeSafetensors } from "../../src/files/safetensors.ts";
import { readSafetensors } from "./read_safetensors.ts";
import { toFloat32 } from "../../src/files/tensor_types.ts";

export const MODEL = "igpo-tests/skilled";

/** Contents of a commit by name. */
export type CommitFiles = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** What a server serves, and how it misbehaves. */
export interface HubServerOptions {
  readonly commits: Readonly<Record<string, CommitFiles>>;
  readonly refs: Readonly<Record<string, string>>;
  /** Where it is set, the server refuses requests without this token. */
  readonly token?: string;
  /** The status of the answer to a request, or null for the right one. */
  readonly status?: (request: HubRequest) => number | null;
  /** The number of bytes of the answer after which the connection ends, or null for a complete answer. */
  readonly cutAfter?: (request: HubRequest) => number | null;
  /** How a cut connection ends: it breaks, falls silent, or ends like a complete answer. @default {"break"} */
  readonly cutBy?: "break" | "silence" | "end";
  readonly tamper?: (name: string, bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>;
  readonly ignoresRanges?: boolean;
  /** In place of the answer about a model, of its listing, or of a file. */
  readonly instead?: (request: HubRequest) => Response | null;
  /** Changes an entry of a listing. */
  readonly entry?: Readonly<Record<string, unknown>>;
}

export interface HubRequest {
  readonly host: "hub" | "cdn";
  readonly path: string;
  readonly range: string | null;
  readonly authorization: string | null;
  /** Number of earlier requests for this path at this host. */
  readonly before: number;
}

export interface HubServer {
  readonly endpoint: string;
  readonly requests: ReadonlyArray<HubRequest>;
  /** Names of files whose bytes were asked for, in order. */
  readonly fetched: () => ReadonlyArray<string>;
  readonly close: () => Promise<void>;
}

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const gitHash = (bytes: Uint8Array) =>
  createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

const isLfs = (name: string) => name.endsWith(".safetensors") || name.endsWith(".bin");

export const blobOf = (name: string, bytes: Uint8Array) =>
  isLfs(name) ? sha256(bytes) : gitHash(bytes);

const entryOf = ([path, bytes]: readonly [string, Uint8Array]) => ({
  type: "file",
  path,
  size: bytes.length,
  // For an LFS file, git's own hash is that of the pointer file.
  oid: isLfs(path) ? gitHash(new TextEncoder().encode(`pointer to ${path}`)) : gitHash(bytes),
  ...(isLfs(path) ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } } : {}),
});

/** Serves the Hub on one port, and its LFS files on another as another host. */
export function serveHub(options: HubServerOptions): HubServer {
  const requests: Array<HubRequest> = [];
  const note = (host: HubRequest["host"], request: Request): HubRequest => {
    const path = new URL(request.url).pathname;
    const seen = {
      host,
      path,
      range: request.headers.get("range"),
      authorization: request.headers.get("authorization"),
      before: requests.filter((one) => one.host === host && one.path === path).length,
    };
    requests.push(seen);
    return seen;
  };
  const serve = (handler: (request: Request) => Response) =>
    Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, handler);

  const cdn = serve((request) => {
    const seen = note("cdn", request);
    const [, commit, name] = seen.path.split("/");
    return sendFile(options, seen, { name: name!, bytes: options.commits[commit!]![name!]! });
  });
  const hub = serve((request) => answer(options, note("hub", request), cdn.addr.port));
  return {
    endpoint: `http://127.0.0.1:${hub.addr.port}`,
    requests,
    fetched: () =>
      requests.flatMap(({ host, path }) =>
        host === "cdn" || path.includes("/resolve/") && !isLfs(path)
          ? [path.split("/").at(-1)!]
          : []
      ),
    close: async () => {
      await hub.shutdown();
      await cdn.shutdown();
    },
  };
}

const json = (value: unknown, status = 200) => Response.json(value, { status });

function answer(options: HubServerOptions, seen: HubRequest, cdnPort: number): Response {
  const other = options.instead?.(seen) ?? null;
  if (other !== null) return other;
  const wrong = options.status?.(seen) ?? null;
  if (wrong !== null) return json({ error: "As the test wants it" }, wrong);
  const { token, refs, commits } = options;
  if (token !== undefined && seen.authorization !== `Bearer ${token}`) {
    return json({ error: "Invalid username or password." }, 401);
  }
  const [first, ...rest] = seen.path.slice(1).split("/");
  const isApi = first === "api";
  const id = isApi ? rest.slice(1, 3).join("/") : [first, rest[0]].join("/");
  if (id !== MODEL) return json({ error: "Repository not found" }, 404);
  const [kind, revision, name] = isApi ? rest.slice(3) : rest.slice(1);
  const commit = refs[decodeURIComponent(revision!)] ?? revision!;
  const files = commits[commit];
  if (files === undefined) return json({ error: `Invalid rev id: ${revision}` }, 404);
  if (kind === "revision") {
    const dated = { lastModified: "2026-11-25T00:00:00.000Z", downloads: 1, likes: 0 };
    return json({ _id: "1", id, sha: commit, private: false, gated: false, ...dated });
  }
  if (kind === "tree") {
    return json(Object.entries(files).map((file) => ({ ...entryOf(file), ...options.entry })));
  }
  const bytes = files[name!];
  if (bytes === undefined) return json({ error: "Entry not found" }, 404);
  const headers = { "x-repo-commit": commit, "accept-ranges": "bytes" };
  if (!isLfs(name!)) return sendFile(options, seen, { name: name!, bytes }, headers);
  return new Response(null, {
    status: 302,
    headers: {
      ...headers,
      location: `http://localhost:${cdnPort}/${commit}/${name}`,
      "x-linked-etag": `"${sha256(bytes)}"`,
      "x-linked-size": `${bytes.length}`,
    },
  });
}

function sendFile(
  { cutAfter, cutBy = "break", ignoresRanges = false, tamper = (_, bytes) => bytes }:
    HubServerOptions,
  seen: HubRequest,
  { name, bytes }: { readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> },
  headers: Readonly<Record<string, string>> = {},
): Response {
  const start = ignoresRanges ? 0 : Number(/^bytes=(\d+)-$/.exec(seen.range ?? "")?.[1] ?? 0);
  const sent = tamper(name, bytes).subarray(start);
  const cut = cutAfter?.(seen) ?? null;
  return new Response(cut === null ? sent : cutStream(sent.subarray(0, cut), cutBy), {
    status: start > 0 ? 206 : 200,
    headers: {
      ...headers,
      etag: `"${blobOf(name, bytes)}"`,
      // Without a length, the client takes the end of the connection for the end of the file.
      ...(cut !== null && cutBy === "end" ? {} : { "content-length": `${sent.length}` }),
      ...(start > 0
        ? { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` }
        : {}),
    },
  });
}

/** The same bytes again and again, all at once or a few at a time. */
export function endlessBody(
  part: Uint8Array<ArrayBuffer>,
  everyMillis = 0,
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      if (everyMillis > 0) await new Promise((resolve) => setTimeout(resolve, everyMillis));
      controller.enqueue(part);
    },
  });
}

/** A stream that ends before the announced length, which the client sees as a broken connection, or that never ends. */
function cutStream(
  bytes: Uint8Array<ArrayBuffer>,
  by: "break" | "silence" | "end",
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      if (by === "silence") return;
      // The bytes need time to arrive.
      await new Promise((resolve) => setTimeout(resolve, 50));
      controller.close();
    },
  });
}

const SKILLED = "checkpoints/skilled";

/** The embedded model as a repository holds it, with files that loading does not need. */
export async function skilledFiles(): Promise<CommitFiles> {
  const names = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"];
  const bytes = await Promise.all(names.map((name) => Deno.readFile(`${SKILLED}/${name}`)));
  return {
    ...Object.fromEntries(names.map((name, i) => [name, bytes[i]!])),
    "README.md": new TextEncoder().encode("# Skilled"),
    "generation_config.json": new TextEncoder().encode('{"temperature": 0.7}'),
    "pytorch_model.bin": new Uint8Array(1000),
  };
}

/** The same weights in two shards. */
export async function shardedFiles(): Promise<CommitFiles> {
  const { "model.safetensors": _, ...files } = await skilledFiles();
  const tensors = [...await Effect.runPromise(readSafetensors(`${SKILLED}/model.safetensors`))];
  const folder = await Deno.makeTempDir();
  const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
  const half = tensors.length >> 1;
  const parts = [tensors.slice(0, half), tensors.slice(half)];
  const written: Record<string, Uint8Array<ArrayBuffer>> = {};
  for (const [i, shard] of shards.entries()) {
    const values = parts[i]!.map(([name, tensor]) => ({
      name,
      shape: tensor.shape,
      values: Result.getOrThrow(toFloat32(tensor)),
    }));
    await Effect.runPromise(writeSafetensors(`${folder}/${shard}`, values));
    written[shard] = await Deno.readFile(`${folder}/${shard}`);
  }
  await Deno.remove(folder, { recursive: true });
  const weight_map = Object.fromEntries(
    parts.flatMap((part, i) => part.map(([name]) => [name, shards[i]!])),
  );
  const index = JSON.stringify({ metadata: {}, weight_map });
  return { ...files, ...written, "model.safetensors.index.json": new TextEncoder().encode(index) };
}
