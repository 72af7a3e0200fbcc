import { fileURLToPath } from "node:url";
import { command } from "../../driver/command.ts";
import type { SourceFile } from "./architecture.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

async function deno(...args: ReadonlyArray<string>): Promise<unknown> {
  const { stdout, stderr, success } = await command("deno", {
    args: [...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`deno ${args.slice(0, 2).join(" ")}: ${decode(stderr)}`);
  return JSON.parse(decode(stdout));
}

/** Paths from the root of all files with one of the endings, in `folder` and below. */
export async function filesBelow(folder: string, ...endings: ReadonlyArray<string>) {
  const paths: Array<string> = [];
  const entries = await Array.fromAsync(Deno.readDir(`${ROOT}${folder}`)).catch(() => []);
  for (const { name, isDirectory } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (name === "node_modules") continue;
    if (isDirectory) paths.push(...await filesBelow(path, ...endings));
    else if (endings.some((ending) => name.endsWith(ending))) paths.push(path);
  }
  return paths;
}

/** What `deno info --json` says of a module. */
interface ModuleInfo {
  readonly specifier: string;
  readonly dependencies?: ReadonlyArray<{
    readonly specifier: string;
    readonly code?: { readonly specifier?: string };
    readonly type?: { readonly specifier?: string };
  }>;
}

/** The files with their resolved imports. */
export async function readSources(paths: ReadonlyArray<string>): Promise<Array<SourceFile>> {
  const all = paths.filter((path) => path.endsWith(".ts"))
    .map((path) => `import ${JSON.stringify(new URL(`file://${ROOT}${path}`).href)};`);
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(entry, all.join("\n"));
  // `deno info` promises this shape. If it changes, no module is found below and the first test fails.
  const { modules } = await deno("info", "--json", "--config", "deno.json", entry) as {
    readonly modules: ReadonlyArray<ModuleInfo>;
  };
  await Deno.remove(entry);
  const root = new URL(`file://${ROOT}`).href;
  const local = (specifier: string) =>
    specifier.startsWith(root) ? specifier.slice(root.length) : specifier;
  const byPath = new Map(modules.map((module) => [local(module.specifier), module]));
  return await Promise.all(paths.map(async (path) => ({
    path,
    text: await Deno.readTextFile(`${ROOT}${path}`),
    imports: (byPath.get(path)?.dependencies ?? []).map(({ specifier, code, type }) => ({
      specifier,
      target: local(code?.specifier ?? type?.specifier ?? specifier),
      isTypeOnly: code === undefined,
    })),
  })));
}

/** What `deno doc --json` says of an export. */
interface SymbolDoc {
  readonly name: string;
  readonly declarations: ReadonlyArray<{
    readonly declarationKind: string;
    readonly location: { readonly line: number };
    readonly jsDoc?: { readonly doc?: string };
  }>;
}

/** `path:line name` of every export without a sentence about it. */
export async function undocumentedExports(paths: ReadonlyArray<string>): Promise<Array<string>> {
  // `deno doc` promises this shape. If it changes, the test that looks for a known gap fails.
  const { nodes } = await deno("doc", "--json", ...paths) as {
    readonly nodes: Readonly<Record<string, { readonly symbols: ReadonlyArray<SymbolDoc> }>>;
  };
  return Object.entries(nodes).flatMap(([specifier, { symbols }]) =>
    symbols
      .filter(({ declarations }) =>
        declarations.some(({ declarationKind }) => declarationKind === "export") &&
        declarations.every(({ jsDoc }) => (jsDoc?.doc ?? "").trim() === "")
      )
      .map(({ name, declarations }) =>
        `${specifier.replace(`file://${ROOT}`, "")}:${
          (declarations[0]?.location.line ?? 0) + 1
        } ${name}`
      )
  );
}
