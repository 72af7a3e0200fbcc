/**
 * A disk on which the n-th change goes wrong. It stands in for the functions of `Deno` that change a disk.
 *
 * A program that dies makes no further change: its calls never return, as those of a dead process. A power cut also
 * takes back what no `sync` has made durable.
 */

import { dirname, normalize } from "node:path";

/** What goes wrong at one change. */
export interface DiskFault {
  /** Number of the change, from 0. */
  readonly at: number;
  /**
   * `before`, `torn`, `after`: the program dies before, in the middle of, or after it. `power`: the power fails after it
   * and takes all that is not durable; `blank`: only contents, while names stay. `full`: there is room for `bytes` of it, or
   * else for half, and for nothing after it. `readonly`: it and everything after it is refused. `signal`: the program goes on.
   */
  readonly how: "before" | "torn" | "after" | "power" | "blank" | "full" | "readonly" | "signal";
  readonly bytes?: number;
}

/** A change as it was asked for. */
export interface Change {
  readonly name: string;
  /** Whether it can be half done. */
  readonly hasHalf: boolean;
  /** What it writes; 0 for other changes. */
  readonly bytes: number;
}

/** The disk while a program runs. */
export interface FaultyDisk {
  /** All changes so far. */
  readonly changes: ReadonlyArray<Change>;
  /** Puts Deno's own functions back, and closes what a dead program had open. */
  readonly restore: () => void;
}

/** What taking back a change does, and the file or folder whose `sync` makes the change durable. */
interface Undo {
  readonly durableBy: string | Deno.FsFile;
  readonly isContent: boolean;
  readonly undo: () => void;
}

const SPACE: ReadonlyArray<string> = ["open", "mkdir", "write"];

const never = <A>(): Promise<A> => new Promise(() => {});

/** Makes a change of the disk go wrong; null only counts. `onFault` ends the program, or is told of `signal`. */
export function breakDisk(fault: DiskFault | null, onFault: () => void): FaultyDisk {
  const { open, mkdir, rename, remove } = Deno;
  const own = { open, mkdir, rename, remove };
  const prototype = Deno.FsFile.prototype;
  const { write, sync, truncate } = prototype;
  const changes: Array<Change> = [];
  const opened = new Map<Deno.FsFile, string>();
  const undos: Array<Undo> = [];
  const handles = new Map<Deno.FsFile, Deno.FsFile>();
  let isDead = false;

  const takeBack = (which: (one: Undo) => boolean) => {
    for (const { undo } of undos.filter(which).reverse()) undo();
  };
  const die = <A>(): Promise<A> => {
    isDead = true;
    if (fault?.how === "power") takeBack(() => true);
    if (fault?.how === "blank") takeBack(({ isContent }) => isContent);
    for (const file of opened.keys()) closeQuietly(file);
    onFault();
    return never();
  };
  const refuse = (name: string): Error | null => {
    if (fault === null || changes.length <= fault.at) return null;
    if (fault.how === "readonly") {
      return new Deno.errors.PermissionDenied("Permission denied (os error 13)");
    }
    return fault.how === "full" && SPACE.includes(name)
      ? new Error("No space left on device (os error 28)")
      : null;
  };

  const change = async <A>(
    name: string,
    whole: () => Promise<A>,
    half: (() => Promise<A>) | null = null,
    bytes = 0,
  ): Promise<A> => {
    if (isDead) return await never();
    const number = changes.push({ name, hasHalf: half !== null, bytes }) - 1;
    if (fault?.how === "full" && number === fault.at && half !== null) return await half();
    const refusal = refuse(name);
    if (refusal !== null) throw refusal;
    if (number !== fault?.at || fault.how === "full") return await whole();
    if (fault.how === "before") return await die();
    if (fault.how === "torn") await half?.();
    else {
      const done = await whole();
      if (fault.how === "signal") {
        onFault();
        return done;
      }
    }
    return await die();
  };

  const patches: Partial<typeof Deno> = {
    open: async (path, options) => {
      const isNew = options?.create === true || options?.createNew === true;
      const make = async () => {
        const existed = exists(path);
        const file = await own.open(path, options);
        opened.set(file, normalize(String(path)));
        if (isNew && !existed) noteName(undos, path, () => Deno.removeSync(path));
        return file;
      };
      return isNew ? await change("open", make) : isDead ? await never() : await make();
    },
    mkdir: (path, options) =>
      change("mkdir", async () => {
        const existed = exists(path);
        await own.mkdir(path, options);
        if (!existed) noteName(undos, path, () => Deno.removeSync(path, { recursive: true }));
      }),
    rename: (from, to) =>
      change("rename", async () => {
        const replaced = exists(to) ? readTree(to) : null;
        await own.rename(from, to);
        noteName(undos, to, () => {
          Deno.renameSync(to, from);
          if (replaced !== null) writeTree(to, replaced);
        });
      }),
    remove: (path, options) => {
      const tree = exists(path) ? readTree(path) : null;
      const isFolder = options?.recursive === true && tree !== null && tree.size > 1;
      const half = () => own.remove(`${path}${[...tree!.keys()].at(-1)!}`);
      const whole = async () => {
        await own.remove(path, options);
        if (tree !== null) noteName(undos, path, () => writeTree(path, tree));
      };
      return change("remove", whole, isFolder ? half : null);
    },
  };
  Object.assign(Deno, patches);

  prototype.write = function (bytes) {
    const writes = (length: number) => () => {
      const size = this.statSync().size;
      // A handle of our own reaches the file under any name, also when the program has closed its own.
      const handle = handles.get(this) ?? Deno.openSync(opened.get(this)!, { write: true });
      handles.set(this, handle);
      undos.push({ durableBy: this, isContent: true, undo: () => handle.truncateSync(size) });
      return write.call(this, bytes.subarray(0, length));
    };
    const room = Math.min(bytes.length, fault?.bytes ?? Math.floor(bytes.length / 2));
    const half = room > 0 ? writes(room) : null;
    return change("write", writes(bytes.length), half, bytes.length);
  };
  prototype.truncate = function (length) {
    return change("truncate", () => truncate.call(this, length));
  };
  prototype.sync = function () {
    // It stays a record of what would be durable: a true sync takes most of a test's time.
    return change("sync", () => {
      const path = opened.get(this)!;
      const isKept = ({ durableBy }: Undo) => durableBy !== path && durableBy !== this;
      undos.splice(0, undos.length, ...undos.filter(isKept));
      return Promise.resolve();
    });
  };

  const restore = () => {
    for (const handle of handles.values()) handle.close();
    Object.assign(Deno, own);
    Object.assign(prototype, { write, sync, truncate });
  };
  return { changes, restore };
}

/** A name comes and goes with its folder. */
function noteName(undos: Array<Undo>, path: string | URL, undo: () => void): void {
  undos.push({ durableBy: dirname(normalize(String(path))), isContent: false, undo });
}

function closeQuietly(file: Deno.FsFile): void {
  try {
    file.close();
  } catch {
    // The program has closed it itself.
  }
}

function exists(path: string | URL): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Files below a path by the rest of their paths, "" for a file itself; null stands for a folder. */
type Tree = ReadonlyMap<string, Uint8Array | null>;

/** Everything at and below a path. */
export function readTree(path: string | URL): Tree {
  const tree = new Map<string, Uint8Array | null>();
  const visit = (rest: string) => {
    const place = `${path}${rest}`;
    if (Deno.statSync(place).isFile) {
      tree.set(rest, Deno.readFileSync(place));
      return;
    }
    tree.set(rest, null);
    for (const { name } of Deno.readDirSync(place)) visit(`${rest}/${name}`);
  };
  visit("");
  return tree;
}

function writeTree(path: string | URL, tree: Tree): void {
  for (const [rest, bytes] of tree) {
    if (bytes === null) Deno.mkdirSync(`${path}${rest}`);
    else Deno.writeFileSync(`${path}${rest}`, bytes);
  }
}
