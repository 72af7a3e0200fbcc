/**
 * Debian's package manager, used without installing anything and without root: lists and packages lie in a folder of
 * our own, and packages are checked against the signed lists.
 *
 * @module
 */
import { command } from "./command.ts";

/** The package that has lavapipe. */
const DRIVER_PACKAGE = "mesa-vulkan-drivers";

/** What is to be fetched. */
export interface Packages {
  readonly names: ReadonlyArray<string>;
  readonly bytes: number;
}

/** Where apt keeps what it needs for us. */
export interface AptFolder {
  readonly path: string;
  /** Ends commands that take too long. */
  readonly signal: AbortSignal;
}

/** Reads the lists of packages, and finds those that the driver needs and this machine lacks. */
export async function findPackages(apt: AptFolder): Promise<Packages> {
  for (const folder of ["lists/partial", "archives/partial"]) {
    await Deno.mkdir(`${apt.path}/${folder}`, { recursive: true });
  }
  // One of the machine's sources may be out of reach, and the others do.
  const update = await runApt(apt, "apt-get", "update").catch((error: Error) => error);
  const known = await runApt(apt, "apt-cache", ...DEPENDS, DRIVER_PACKAGE).catch(
    (error: Error) => {
      throw update instanceof Error ? update : error;
    },
  );
  const installed = new Set(
    (await run(apt, "dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n"))
      .split("\n").filter((line) => line.endsWith(" installed")).map((line) => line.split(" ")[0]!),
  );
  const names = neededPackages(known, DRIVER_PACKAGE).filter((name) => !installed.has(name));
  const uris = await runApt(apt, "apt-get", "--print-uris", "download", ...names);
  return { names, bytes: totalBytes(uris) };
}

/** Fetches packages and puts the files in them below `folder`. */
export async function unpackPackages(
  apt: AptFolder,
  { names, folder }: { readonly names: ReadonlyArray<string>; readonly folder: string },
): Promise<void> {
  await runApt(apt, "apt-get", "download", ...names);
  for await (const { name } of Deno.readDir(apt.path)) {
    if (name.endsWith(".deb")) await run(apt, "dpkg-deb", "--extract", name, folder);
  }
}

const DEPENDS = [
  ...["depends", "--recurse", "--no-recommends", "--no-suggests", "--no-enhances"],
  ...["--no-conflicts", "--no-breaks", "--no-replaces"],
];

/**
 * A package and the libraries that it needs, and those that they need: not programs, such as the Python that a driver's
 * set-up calls. `depends` is what `apt-cache depends --recurse` prints: names, and indented below each what it needs.
 */
export function neededPackages(depends: string, root: string): ReadonlyArray<string> {
  const needs = new Map<string, Array<string>>();
  let current: Array<string> = [];
  for (const line of depends.split("\n")) {
    if (/^\S/.test(line)) needs.set(line.trim(), current = []);
    const needed = /^[ |]\s*(?:Pre)?Depends: (lib[^\s:]*)$/.exec(line)?.[1];
    if (needed !== undefined) current.push(needed);
  }
  const found = new Set([root]);
  // A set is walked in order of insertion, also what is added meanwhile.
  for (const name of found) for (const needed of needs.get(name) ?? []) found.add(needed);
  return [...found];
}

/** Sum of the sizes in what `apt-get --print-uris` prints: `'URI' FILE BYTES HASH`. */
export function totalBytes(uris: string): number {
  return [...uris.matchAll(/^'\S+' \S+ (\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0);
}

function runApt(apt: AptFolder, program: string, ...args: ReadonlyArray<string>): Promise<string> {
  const options = [
    `Dir::State::lists=${apt.path}/lists`,
    `Dir::Cache=${apt.path}`,
    "Acquire::Languages=none",
    "Acquire::Retries=1",
    "Acquire::http::Timeout=10",
    "Acquire::https::Timeout=10",
    // Root would download as another user, who may not write to our folder.
    "APT::Sandbox::User=root",
  ];
  return run(apt, program, ...options.flatMap((option) => ["-o", option]), ...args);
}

/** What a program prints. Fails with its first complaint. */
async function run(
  { path, signal }: AptFolder,
  program: string,
  ...args: ReadonlyArray<string>
): Promise<string> {
  const { success, stdout, stderr } = await command(program, {
    args: [...args],
    cwd: path,
    signal,
    stdin: "null",
    env: { LC_ALL: "C" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  const complaints = decode(stderr).split("\n");
  const complaint = complaints.find((line) => line.startsWith("E: ")) ?? complaints[0];
  if (!success) throw new Error(complaint?.replace(/^E: /, "") || `${program} failed`);
  return decode(stdout);
}
