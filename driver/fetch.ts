// deno-lint-ignore-file no-console
import { fileURLToPath, pathToFileURL } from "node:url";
import { adapterInfo } from "../src/domain/adapter.ts";
import { DRIVER_FOLDER, ICD, useDriver, writeManifest } from "../src/files/driver_folder.ts";
import { findPackages, unpackPackages } from "./apt.ts";

/** The folder of what this project fetches and makes again. */
const CACHE = fileURLToPath(new URL("..", DRIVER_FOLDER));

/** Folders in which a driver is made ready, before they get the real name. */
const PARTIAL = "driver-";

/** Lies beside the driver's folder when it could not be fetched. */
export const FAILURE: URL = new URL("../driver.failed", DRIVER_FOLDER);

/** Longest a fetch may take. */
const LIMIT_MILLISECONDS = 5 * 60_000;

/**
 * Puts Mesa's lavapipe, a Vulkan driver that computes on the CPU, into `.cache/driver`, with the libraries it needs and
 * the machine lacks: packages of the system, unpacked and not installed. Nothing lies there before it has been seen to
 * work. Throws where that cannot be had.
 */
export async function fetchDriver(): Promise<void> {
  await Deno.mkdir(CACHE, { recursive: true });
  await removePartial();
  const partial = await Deno.makeTempDir({ dir: CACHE, prefix: PARTIAL });
  try {
    const apt = { path: `${partial}/apt`, signal: AbortSignal.timeout(LIMIT_MILLISECONDS) };
    const { names, bytes } = await findPackages(apt);
    console.error(
      `Fetching a software graphics driver, Mesa's lavapipe (${
        (bytes / 1e6).toFixed(0)
      } MB, once), into ${fileURLToPath(DRIVER_FOLDER)}`,
    );
    await unpackPackages(apt, { names, folder: `${partial}/root` });
    const ready = `${partial}/driver`;
    await Deno.mkdir(ready);
    const found = await collect(`${partial}/root`, ready);
    // Whatever ends this process while it loads the driver has failed, too.
    await noteFailure();
    writeManifest([...loadOrder(found, ready), ICD], pathToFileURL(`${ready}/`));
    await check();
    await Deno.remove(DRIVER_FOLDER, { recursive: true }).catch(() => {});
    await Deno.rename(ready, DRIVER_FOLDER);
    await Deno.remove(FAILURE);
  } finally {
    await Deno.remove(partial, { recursive: true });
  }
}

/** Leaves a note that the driver cannot be had, so that the next start does not wait for that again. */
export async function noteFailure(): Promise<void> {
  await Deno.writeTextFile(FAILURE, "Delete this file to have the driver fetched again\n");
}

/** What a fetch left that was killed. */
async function removePartial(): Promise<void> {
  for await (const { name } of Deno.readDir(CACHE)) {
    const path = `${CACHE}${name}`;
    if (!name.startsWith(PARTIAL)) continue;
    const { mtime } = await Deno.stat(path);
    const isOld = Date.now() - (mtime?.getTime() ?? 0) > LIMIT_MILLISECONDS;
    if (isOld) await Deno.remove(path, { recursive: true });
  }
}

/** Moves what the driver consists of into one folder: libraries, and the note that leads to one of them. */
async function collect(root: string, target: string): Promise<ReadonlyArray<string>> {
  const libraries: Array<string> = [];
  for await (const path of filesBelow(root)) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (/^lvp_icd.*\.json$/.test(name)) {
      const icd = JSON.parse(await Deno.readTextFile(path));
      // Beside the note, wherever the folder is moved.
      icd.ICD.library_path = "./libvulkan_lvp.so";
      await Deno.writeTextFile(`${target}/${ICD}`, JSON.stringify(icd));
    } else if (isWanted(name)) {
      await Deno.rename(path, `${target}/${name}`);
      libraries.push(name);
    }
  }
  return libraries;
}

/** Mesa's package has drivers of GPUs, too, and layers that print statistics. */
function isWanted(name: string): boolean {
  return /^lib.*\.so(\.|$)/.test(name) && !/^libVkLayer_/.test(name) &&
    (!/^libvulkan_/.test(name) || name === "libvulkan_lvp.so");
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* filesBelow(`${folder}/${name}`);
    else if (isFile) yield `${folder}/${name}`;
  }
}

/** The libraries such that each comes after those it needs, found by loading what loads until all are. */
function loadOrder(names: ReadonlyArray<string>, folder: string): ReadonlyArray<string> {
  useDriver([], pathToFileURL(`${folder}/`));
  const loaded: Array<string> = [];
  let waiting = [...names];
  let reason: unknown = null;
  while (waiting.length > 0) {
    const failed = waiting.filter((name) => {
      try {
        Deno.dlopen(`${folder}/${name}`, {});
        loaded.push(name);
        return false;
      } catch (error) {
        reason = error;
        return true;
      }
    });
    if (failed.length === waiting.length) throw reason;
    waiting = failed;
  }
  return loaded;
}

/** That the driver which this process has loaded is one that this project computes with. */
async function check(): Promise<void> {
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) throw new Error("what was fetched gives no adapter");
  const { name, kind } = adapterInfo(adapter);
  if (kind !== "lavapipe") throw new Error(`what was fetched gives ${name}, without shader-f16`);
}
