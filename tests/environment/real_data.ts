/**
 * Real corpora lie outside the repository, in the folder that REAL_DIR names. A test that wants one says so
 * in one line when it is absent and passes.
 */
export function realFolder(path: string): string | null {
  const folder = folderFromEnvironment();
  if (folder !== null) return `${folder}/${path}`;
  // deno-lint-ignore no-console
  console.log(`skipped: set REAL_DIR and allow reading it to measure on ${path}`);
  return null;
}

function folderFromEnvironment(): string | null {
  const permission = Deno.permissions.querySync({ name: "env", variable: "REAL_DIR" });
  return permission.state === "granted" ? Deno.env.get("REAL_DIR") ?? null : null;
}

/** The records of a JSON Lines file whose shape the caller knows. */
export async function readJsonLines<A>(path: string): Promise<Array<A>> {
  const lines = (await Deno.readTextFile(path)).split("\n").filter((line) => line !== "");
  return lines.map((line): A => JSON.parse(line));
}
