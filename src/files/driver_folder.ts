/**
 * The graphics driver that `deno task driver` fetched. That task runs this file without a configuration, so this file
 * imports no packages.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** Where the fetched driver lies. */
export const DRIVER_FOLDER: URL = new URL("../../.cache/driver/", import.meta.url);

/** Name of the file that points Vulkan's loader to the fetched driver. */
export const ICD = "lvp_icd.json";

/** Name of the list of fetched files, which is written once the driver has been seen to work. */
export const MANIFEST = "files.json";

/** A fetched file as it was when the driver was seen to work. */
interface FetchedFile {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedSeconds: number;
}

function describe(name: string, folder: URL): FetchedFile {
  const { size, mtime } = Deno.statSync(new URL(name, folder));
  return { name, bytes: size, modifiedSeconds: Math.floor((mtime?.getTime() ?? 0) / 1000) };
}

/** Writes the list of a driver's files, with the libraries in the order in which they load. */
export function writeManifest(names: ReadonlyArray<string>, folder: URL): void {
  const files = names.map((name) => describe(name, folder));
  Deno.writeTextFileSync(new URL(MANIFEST, folder), JSON.stringify(files));
}

/**
 * The libraries of a fetched driver in the order in which they load, or null where a file has changed since the driver
 * was seen to work: loading a damaged library can end the process.
 */
export function readLibraries(folder: URL = DRIVER_FOLDER): ReadonlyArray<string> | null {
  try {
    // Only `writeManifest` writes this file; one of another shape throws here or below.
    const files: ReadonlyArray<FetchedFile> = JSON.parse(
      Deno.readTextFileSync(new URL(MANIFEST, folder)),
    );
    const isWhole = files.length > 0 && files.every((file) => {
      const { bytes, modifiedSeconds } = describe(file.name, folder);
      return bytes === file.bytes && modifiedSeconds === file.modifiedSeconds;
    });
    return isWhole ? files.map(({ name }) => name).filter((name) => name !== ICD) : null;
  } catch {
    return null;
  }
}

/** Makes WebGPU use a fetched driver. Throws where a library does not load. */
export function useDriver(libraries: ReadonlyArray<string>, folder: URL = DRIVER_FOLDER): void {
  // A library that is loaded here is the one that a later search for its name finds.
  for (const name of libraries) Deno.dlopen(new URL(name, folder), {});
  const icd = fileURLToPath(new URL(ICD, folder));
  // Two names of one setting; where both are set, the newer one counts.
  for (const name of ICD_VARIABLES) Deno.env.set(name, icd);
  Deno.env.set(BACKEND, "vulkan");
}

const ICD_VARIABLES = ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"];

/** The variable that tells Deno which system library WebGPU uses. */
export const BACKEND = "DENO_WEBGPU_BACKEND";

/** Whether the user has named a driver, so that none is chosen. A driver that a parent process chose does not count. */
export function isNamed(): boolean {
  const ours = fileURLToPath(new URL(ICD, DRIVER_FOLDER));
  const named = ICD_VARIABLES.map((name) => Deno.env.get(name) ?? "").filter((path) => path !== "");
  if (named.length > 0) return named.some((path) => path !== ours);
  return (Deno.env.get(BACKEND) ?? "") !== "";
}
