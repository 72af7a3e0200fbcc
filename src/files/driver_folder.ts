/**
 * The graphics driver that `deno task driver` fetched. That task runs this file without a configuration, so this file
 * imports no packages.
 *
 * @module
 */
import { createHash } from "node:crypto";
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
  /** When its content or anything else of it changed, by the system's clock: no program can set this time. */
  readonly changedMillis: number;
  readonly sha256: string;
}

function hashOf(file: URL): string {
  return createHash("sha256").update(Deno.readFileSync(file)).digest("hex");
}

function describe(name: string, folder: URL): Omit<FetchedFile, "sha256"> {
  const { size, ctime } = Deno.statSync(new URL(name, folder));
  return { name, bytes: size, changedMillis: ctime?.getTime() ?? 0 };
}

/** Writes the list of a driver's files, with the libraries in the order in which they load. */
export function writeManifest(names: ReadonlyArray<string>, folder: URL): void {
  const files = names.map((name): FetchedFile => ({
    ...describe(name, folder),
    sha256: hashOf(new URL(name, folder)),
  }));
  Deno.writeTextFileSync(new URL(MANIFEST, folder), JSON.stringify(files));
}

/**
 * The libraries of a fetched driver in the order in which they load, or null where a file is not as it was when the
 * driver was seen to work: loading a damaged library can end the process. Files are hashed only where the system says
 * that they have changed, as after a copy: 100 MB take 0.1 to 0.3 s.
 */
export function readLibraries(folder: URL = DRIVER_FOLDER): ReadonlyArray<string> | null {
  try {
    // Only `writeManifest` writes this file; one of another shape throws here or below.
    const files: ReadonlyArray<FetchedFile> = JSON.parse(
      Deno.readTextFileSync(new URL(MANIFEST, folder)),
    );
    const isWhole = files.length > 0 && files.every((file) => {
      const { bytes, changedMillis } = describe(file.name, folder);
      return bytes === file.bytes &&
        (changedMillis === file.changedMillis ||
          hashOf(new URL(file.name, folder)) === file.sha256);
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
