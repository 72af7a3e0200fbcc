/// <reference lib="dom" />
/** What the reader drops on the page or chooses. */
import type { GivenFile } from "../tab/given_files.ts";

/** Files as what they are for. */
export interface Given {
  readonly traces: ReadonlyArray<GivenFile>;
  /** The files of a model's folder; null where there is none. */
  readonly model: ReadonlyArray<GivenFile> | null;
}

/** A folder with `config.json` and weights is a model; whatever lies elsewhere is taken for traces. */
export function sortGiven(files: ReadonlyArray<GivenFile>): Given {
  const folders = Map.groupBy(files, ({ path }) => path.slice(0, path.lastIndexOf("/") + 1));
  const isModel = (own: ReadonlyArray<GivenFile>) =>
    own.some(({ path }) => /(^|\/)config\.json$/.test(path)) &&
    own.some(({ path }) => path.endsWith(".safetensors"));
  const model = folders.values().find(isModel) ?? null;
  return { model, traces: files.filter((one) => model?.includes(one) !== true) };
}

/** Files that an input holds, with their paths where a folder was chosen. */
export function chosenFiles(list: FileList | null): ReadonlyArray<GivenFile> {
  return Array.from(
    list ?? [],
    (file) => ({ path: file.webkitRelativePath || file.name, file }),
  );
}

/** Most files of what is dropped, so that a whole disk is refused. */
const MOST_FILES = 10_000;

/** Files that were dropped, those in folders included. */
export async function droppedFiles(
  { items }: DataTransfer,
): Promise<ReadonlyArray<GivenFile>> {
  // The list is empty once its event is over.
  const waiting = Array.from(items, (item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  const found: Array<GivenFile> = [];
  while (waiting.length > 0) {
    const entry = waiting.shift()!;
    if (isFolder(entry)) waiting.push(...await entriesOf(entry));
    else if (isFile(entry)) {
      found.push({ path: entry.fullPath.slice(1), file: await fileOf(entry) });
    }
    if (found.length + waiting.length > MOST_FILES) {
      throw new Error(
        `Cannot read what was dropped as it must have at most ${MOST_FILES} files: it has more`,
      );
    }
  }
  return found.toSorted((a, b) => a.path < b.path ? -1 : 1);
}

const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;
const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;

const fileOf = (entry: FileSystemFileEntry): Promise<File> =>
  new Promise((resolve, reject) => entry.file(resolve, reject));

/** What lies in a folder, which browsers tell by parts until one is empty. */
async function entriesOf(folder: FileSystemDirectoryEntry) {
  const reader = folder.createReader();
  const found: Array<FileSystemEntry> = [];
  while (true) {
    const part = await new Promise<ReadonlyArray<FileSystemEntry>>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    );
    if (part.length === 0) return found;
    found.push(...part);
  }
}
