/**
 * The cache of the Hugging Face Hub, in the layout that tools share:
 *
 *     models--ORG--NAME/blobs/HASH               contents, by git's or LFS's hash
 *                      /refs/REVISION            the commit that a branch or tag was at
 *                      /snapshots/COMMIT/FILE    links to blobs
 *
 * Source: https://huggingface.co/docs/huggingface_hub/guides/manage-cache
 */
import { Effect } from "effect";
import { writeFileAtomic } from "./atomic.ts";
import { readShardNames } from "./checkpoint_dir.ts";
import { INDEX, SINGLE } from "./read_checkpoint.ts";
import { onDisk, pathExists } from "./disk.ts";

/** A model of the Hub. */
export interface HubModel {
  /** `ORG/NAME`. */
  readonly id: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

/** A model of the Hub on the disk. */
export interface Snapshot {
  readonly folder: string;
  /** Hash of its commit. */
  readonly commit: string;
}

/** Files that every model needs besides its weights. */
export const NEEDED_FILES = ["config.json", "tokenizer.json", "tokenizer_config.json"] as const;

/** Files that some models have. */
export const OPTIONAL_FILES = ["generation_config.json", "chat_template.jinja"] as const;

/** Whether a revision names a commit, which never moves. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

/** Folder of a model in the cache. */
export const hubFolder = (cache: string, id: string): string =>
  `${cache}/models--${id.replaceAll("/", "--")}`;

/** Folder of a commit's files. */
export const snapshotFolder = (repo: string, commit: string): string =>
  `${repo}/snapshots/${commit}`;

/** The cached snapshot of a revision, or null where it lacks a file that a model needs. */
export const findSnapshot = Effect.fn("findSnapshot")(
  function* (cache: string, { id, revision }: HubModel) {
    const repo = hubFolder(cache, id);
    const commit = isCommit(revision) ? revision : yield* readRef(repo, revision);
    if (commit === null) return null;
    const folder = snapshotFolder(repo, commit);
    const isComplete = (yield* hasAll(folder, NEEDED_FILES)) && (yield* hasWeights(folder));
    return isComplete ? { folder, commit } satisfies Snapshot : null;
  },
);

const readRef = (repo: string, revision: string) =>
  Effect.promise(async () => {
    const text = await Deno.readTextFile(`${repo}/refs/${revision}`).catch(() => "");
    return isCommit(text.trim()) ? text.trim() : null;
  });

const hasAll = (folder: string, names: ReadonlyArray<string>) =>
  Effect.map(
    Effect.forEach(names, (name) => pathExists(`${folder}/${name}`)),
    (found) => found.every(Boolean),
  );

const hasWeights = Effect.fnUntraced(function* (folder: string) {
  if (yield* pathExists(`${folder}/${SINGLE}`)) return true;
  if (!(yield* pathExists(`${folder}/${INDEX}`))) return false;
  return yield* hasAll(folder, yield* readShardNames(folder));
});

/** Makes a file of a snapshot: a link to its blob, relative so that the cache can be moved, or else a hard link. */
export const linkBlob = Effect.fn("linkBlob")(
  function* (folder: string, name: string, blob: string) {
    const temporary = `${folder}/.${name}.${crypto.randomUUID().slice(0, 8)}.tmp`;
    yield* onDisk(`link "${folder}/${name}"`, async () => {
      await Deno.mkdir(folder, { recursive: true });
      try {
        await Deno.symlink(`../../blobs/${blob}`, temporary);
      } catch (error) {
        // A program that may write to some folders only may make no symbolic link, as it could lead elsewhere.
        if (!(error instanceof Deno.errors.NotCapable)) throw error;
        await Deno.link(`${folder}/../../blobs/${blob}`, temporary);
      }
      await Deno.rename(temporary, `${folder}/${name}`);
    });
  },
);

/** Records the commit of a revision. */
export const writeRef = Effect.fn("writeRef")(
  function* (repo: string, revision: string, commit: string) {
    if (isCommit(revision)) return;
    const path = `${repo}/refs/${revision}`;
    const parent = path.slice(0, path.lastIndexOf("/"));
    yield* onDisk(`write "${path}"`, () => Deno.mkdir(parent, { recursive: true }));
    yield* writeFileAtomic(path, commit);
  },
);
