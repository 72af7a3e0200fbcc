/**
 * The rules of the house, each a function from the source files to sentences that name what breaks it.
 *
 * @module
 */

/** One source file with what it imports, as paths from the root of the project or as package specifiers. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: ReadonlyArray<Import>;
}

/** An import as written, and the path or package it leads to. */
export interface Import {
  readonly specifier: string;
  readonly target: string;
  /** Whether the import is only of types, so that nothing is left of it at run time. */
  readonly isTypeOnly: boolean;
}

/** Returns one sentence for each place where a rule is broken. */
export type Rule = (files: ReadonlyArray<SourceFile>) => ReadonlyArray<string>;

/** Ranks of the rooms of `src`: imports lead to lower ranks. */
export const RANKS: Readonly<Record<string, number>> = {
  math: 0,
  domain: 1,
  igpo: 2,
  model: 2,
  text: 2,
  files: 2,
  page: 3,
  reference: 3,
  gpu: 3,
  environment: 3,
  traces: 3,
  search: 4,
  policy: 4,
  checks: 5,
  pipeline: 5,
  report: 5,
  queue: 6,
  run: 6,
  serving: 6,
  view: 6,
  programs: 7,
  tab: 7,
  site: 8,
  cli: 8,
  mod: 9,
};

/** For rooms that may import less than their rank allows: the rooms that they may import. */
const NARROWED: Readonly<Record<string, ReadonlyArray<string>>> = {
  report: ["domain", "igpo", "math", "files"],
  page: ["domain", "igpo", "math"],
  site: ["domain", "igpo", "page", "tab"],
};

/** The room a file belongs to, null outside of the house (tests, packages, data). */
export function roomOf(path: string): string | null {
  if (path === "mod.ts" || path === "browser.ts") return "mod";
  const [top, second, ...rest] = path.split("/");
  if (top !== "src" || second === undefined || !path.endsWith(".ts")) return null;
  return rest.length === 0 ? null : second;
}

/** Imports stay in their room or lead to a room of lower rank. */
export const importsLeadDown: Rule = (files) =>
  files.flatMap(({ path, imports }) =>
    imports.flatMap(({ target }) => {
      const from = roomOf(path);
      const to = roomOf(target);
      if (from === null || to === null || from === to) return [];
      const [rank, below] = [RANKS[from], RANKS[to]];
      if (rank === undefined) return [`${path}: "${from}" is not a room of the house`];
      if (below === undefined) return [`${target}: "${to}" is not a room of the house`];
      if (below >= rank) {
        return [`${path} (${from}, rank ${rank}) imports ${target} (${to}, rank ${below})`];
      }
      const allowed = NARROWED[from];
      return allowed === undefined || allowed.includes(to)
        ? []
        : [`${path} imports ${target}: ${from} may import ${allowed.join(", ")} only`];
    })
  );

/** No file imports itself by way of others, except for types. */
export const importsHaveNoCycle: Rule = (files) => {
  const targets = new Map(files.map(({ path, imports }) => [
    path,
    imports.filter(({ isTypeOnly }) => !isTypeOnly).map(({ target }) => target),
  ]));
  const done = new Set<string>();
  const cycleFrom = (path: string, trail: ReadonlyArray<string>): string | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path].join(" -> ");
    if (done.has(path)) return null;
    done.add(path);
    for (const target of targets.get(path) ?? []) {
      const cycle = cycleFrom(target, [...trail, path]);
      if (cycle !== null) return cycle;
    }
    return null;
  };
  return files.flatMap(({ path }) => cycleFrom(path, []) ?? []);
};

/** A file whose name starts with an underscore is imported from its own folder only. */
export const privateFilesStayPrivate: Rule = (files) =>
  files.flatMap(({ path, imports }) =>
    imports
      .filter(({ target }) => /\/_[^/]+\.ts$/.test(target) && folderOf(target) !== folderOf(path))
      .map(({ target }) => `${path} imports ${target}, which is private to its folder`)
  );

/** Only `src/gpu` imports WGSL. */
export const onlyGpuImportsWgsl: Rule = (files) =>
  files.flatMap(({ path, imports }) =>
    imports
      .filter(({ target }) => target.endsWith(".wgsl") && roomOf(path) !== "gpu")
      .map(({ target }) => `${path} imports ${target}: only src/gpu may`)
  );

/** Packages are named in deno.json, with their versions; imports use the names. */
export const packagesAreNamedInOnePlace: Rule = (files) =>
  files.flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier }) => /^(npm|jsr|https?):/.test(specifier))
      .map(({ specifier }) => `${path} imports "${specifier}": name it in deno.json`)
  );

/** Rooms that speak to the machine: its files, search engines on disk and over the network, servers, databases. */
const TOUCHING: ReadonlyArray<string> = ["files", "search", "view", "queue"];

/** `Deno.*` and `node:*` stand only where the program touches its machine. */
export const onlyEdgesTouchTheMachine: Rule = (files) =>
  files.filter(({ path }) => !isEdge(path) && !TOUCHING.includes(roomOf(path) ?? "")).flatMap(
    ({ path, text, imports }) => [
      ...occurrences(text, /\bDeno\.\w+/g).map((found) => `${path}:${found} belongs to files/`),
      ...imports.filter(({ specifier }) => specifier.startsWith("node:"))
        .map(({ specifier }) => `${path} imports ${specifier}: that belongs to files/`),
    ],
  );

/** The entries of programs that run in a browser. */
const BROWSER_ENTRIES = ["browser.ts", "src/tab/agent_worker.ts", "src/site/main.ts"];

/** Nothing that a browser's entries import, directly or through others, uses Deno or Node. */
export const browsersNeedNoDeno: Rule = (files) => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = new Map<string, string>();
  const walk = (path: string, from: string): void => {
    if (reached.has(path) || !byPath.has(path)) return;
    reached.set(path, from);
    for (const { target, isTypeOnly } of byPath.get(path)!.imports) {
      if (!isTypeOnly) walk(target, path);
    }
  };
  for (const entry of BROWSER_ENTRIES) walk(entry, entry);
  return [...reached].flatMap(([path, from]) => {
    const { text, imports } = byPath.get(path)!;
    return [
      ...occurrences(text, /\bDeno\b/g),
      ...imports.filter(({ specifier }) => specifier.startsWith("node:"))
        .map(({ specifier }) => ` imports ${specifier}`),
    ].map((found) => `${path}:${found}, but a browser runs it: ${from} imports it`);
  });
};

/** Programs are started only where variables that Deno refuses are left out. The bench may start any program. */
export const onePlaceStartsPrograms: Rule = (files) =>
  files.filter(({ path }) => path !== "driver/command.ts" && !path.startsWith("bench/")).flatMap(
    ({ path, text }) =>
      occurrences(text, /\bnew Deno\.Command\(/g)
        .map((found) => `${path}:${found} belongs to driver/command.ts`),
  );

/** Layers are chosen and effects are run by the command line and in workers only. */
export const onlyEdgesPickLayers: Rule = (files) =>
  files.filter(({ path }) => !isEdge(path)).flatMap(({ path, text }) =>
    occurrences(
      text,
      /\b(Effect|Stream)\.(provide|run(Promise|Sync|Fork|Callback)\w*)\(|\bManagedRuntime\.make\(|\bLayer\.launch\(/g,
    )
      .map((found) => `${path}:${found} belongs to cli.ts or a worker`)
  );

/** Files have at most 400 lines. */
export const filesAreShort: Rule = (files) =>
  files.flatMap(({ path, text }) => {
    const lines = text.trimEnd().split("\n").length;
    return lines <= 400 ? [] : [`${path} has ${lines} lines, 400 at most`];
  });

/** Most lines of a function: without those of the functions within it, and with them. */
const MOST_LINES = { own: 40, all: 80 };

/** First and last line of a function. */
type Lines = readonly [first: number, last: number];

/** Functions have at most 40 lines of their own, and 80 with the functions within. */
export const functionsAreShort: Rule = (files) =>
  files.filter(({ path }) => path.endsWith(".ts")).flatMap(({ path, text }) => {
    const all = functionsOf(path, text);
    return all.flatMap(([first, last]) => {
      const inner = all.filter(([from, to]) =>
        first <= from && to <= last && last - first > to - from
      );
      const within = new Set(inner.flatMap(([from, to]) => range(from + 1, to)));
      const lines = last - first + 1;
      const own = lines - within.size;
      const isShort = own <= MOST_LINES.own && lines <= MOST_LINES.all;
      return isShort ? [] : [`${path}:${first} has a function of ${lines} lines, ${own} its own`];
    });
  });

function functionsOf(path: string, text: string): ReadonlyArray<Lines> {
  const found: Lines[] = [];
  const lineOf = (at: number) => text.slice(0, at).split("\n").length;
  const note = ({ range: [start, end] }: { readonly range: readonly [number, number] }) => {
    found.push([lineOf(start), lineOf(end)]);
  };
  const visitor: Deno.lint.LintVisitor = {
    FunctionDeclaration: note,
    FunctionExpression: note,
    ArrowFunctionExpression: note,
  };
  Deno.lint.runPlugin({ name: "house", rules: { lines: { create: () => visitor } } }, path, text);
  return found;
}

function range(from: number, end: number): ReadonlyArray<number> {
  return Array.from({ length: Math.max(0, end - from) }, (_, i) => from + i);
}

/** No `any`, enum, default export or namespace. */
export const plainTypeScript: Rule = (files) =>
  files.filter(({ path }) => path.endsWith(".ts")).flatMap(({ path, text }) =>
    occurrences(
      text,
      /[:<|&,(]\s*any\b(?!\s*[:(])|\bas\s+any\b|\bany\[\]|^\s*(export\s+)?(const\s+)?enum\s+\w+|^\s*export\s+default\b|^\s*(export\s+)?(declare\s+)?namespace\s+\w+/gm,
    ).map((found) => `${path}:${found} is not how we write`)
  );

const isEdge = (path: string) =>
  /^src\/cli\/(cli|main|check_reward|embedded_model|queue_commands|rollout)\.ts$|_worker\.ts$/.test(
    path,
  );

const folderOf = (path: string) => path.slice(0, path.lastIndexOf("/") + 1);

/** `12: Deno.readFile` for each match in the code, comments and strings left out. */
function occurrences(text: string, pattern: RegExp): Array<string> {
  const code = withoutCommentsAndStrings(text);
  return [...code.matchAll(pattern)].map((match) =>
    `${code.slice(0, match.index + match[0].search(/\S/)).split("\n").length}: ${match[0].trim()}`
  );
}

const COMMENT_OR_STRING =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;

function withoutCommentsAndStrings(text: string): string {
  return text.replace(COMMENT_OR_STRING, (found) => found.replace(/[^\n]/g, " "));
}
