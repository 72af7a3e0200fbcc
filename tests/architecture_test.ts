import { deepStrictEqual, ok } from "node:assert/strict";
import * as rules from "./support/architecture.ts";
import { filesBelow, readSources, undocumentedExports } from "./support/source_graph.ts";

const sourcePaths = [
  ...await filesBelow("src", ".ts"),
  "mod.ts",
  "browser.ts",
];
const sources = await readSources(sourcePaths);
const others = await readSources([
  ...await filesBelow("tests", ".ts"),
  ...await filesBelow("bench", ".ts"),
  ...await filesBelow("driver", ".ts"),
  ...await filesBelow("shaders", ".wgsl"),
]);

/** Every rule with the files it holds for, and a file that breaks it. */
const houseRules: ReadonlyArray<{
  readonly claim: string;
  readonly rule: rules.Rule;
  readonly files: ReadonlyArray<rules.SourceFile>;
  readonly breach: rules.SourceFile;
}> = [
  {
    claim: "imports stay in their room or lead to a lower rank",
    rule: rules.importsLeadDown,
    files: sources,
    breach: file({ path: "src/igpo/kl.ts", target: "src/model/plan.ts" }),
  },
  {
    claim: "report imports domain, igpo, math and files only",
    rule: rules.importsLeadDown,
    files: sources,
    breach: file({ path: "src/report/chart.ts", target: "src/policy/policy.ts" }),
  },
  {
    claim: "no file imports itself by way of others",
    rule: rules.importsHaveNoCycle,
    files: [...sources, ...others],
    breach: file({ path: "src/gpu/device.ts", target: "src/gpu/device.ts" }),
  },
  {
    claim: "private files are imported from their folder only",
    rule: rules.privateFilesStayPrivate,
    files: [...sources, ...others],
    breach: file({ path: "src/gpu/device.ts", target: "src/math/_tables.ts" }),
  },
  {
    claim: "only gpu imports WGSL",
    rule: rules.onlyGpuImportsWgsl,
    files: sources,
    breach: file({ path: "src/model/plan.ts", target: "shaders/matmul.wgsl" }),
  },
  {
    claim: "packages are named in deno.json only",
    rule: rules.packagesAreNamedInOnePlace,
    files: [...sources, ...others],
    breach: file({ path: "src/gpu/device.ts", target: "npm:effect@4.1.0" }),
  },
  {
    claim: "only files, search, cli and workers touch the machine",
    rule: rules.onlyEdgesTouchTheMachine,
    files: sources,
    breach: file({ path: "src/gpu/device.ts", text: "const path = Deno.cwd();" }),
  },
  {
    claim: "nothing that a browser runs uses Deno or Node",
    rule: rules.browsersNeedNoDeno,
    files: sources,
    breach: file({ path: "browser.ts", target: "node:async_hooks" }),
  },
  {
    claim: "programs are started in one place",
    rule: rules.onePlaceStartsPrograms,
    files: [...sources, ...others],
    breach: file({ path: "tests/run.ts", text: 'new Deno.Command("deno");' }),
  },
  {
    claim: "only cli and workers pick layers and run effects",
    rule: rules.onlyEdgesPickLayers,
    files: sources,
    breach: file({ path: "src/programs/train.ts", text: "program.pipe(Effect.provide(layer));" }),
  },
  {
    claim: "files have 400 lines at most",
    rule: rules.filesAreShort,
    files: [...sources, ...others],
    breach: file({ path: "src/gpu/device.ts", text: "\n".repeat(400) + "end" }),
  },
  {
    claim: "functions have 40 lines of their own and 80 in all at most",
    rule: rules.functionsAreShort,
    files: sources,
    breach: file({
      path: "src/gpu/device.ts",
      text: `const long = () => {${"\n".repeat(40)}};`,
    }),
  },
  {
    claim: "there is no any, enum, default export or namespace",
    rule: rules.plainTypeScript,
    files: [...sources, ...others],
    breach: file({ path: "src/gpu/device.ts", text: "export const x: any = 1;" }),
  },
];

function file(given: { path: string; target?: string; text?: string }): rules.SourceFile {
  const { path, target, text = "" } = given;
  return {
    path,
    text,
    imports: target === undefined ? [] : [{ specifier: target, target, isTypeOnly: false }],
  };
}

Deno.test("the source graph holds every file and its imports", () => {
  ok(sources.length > 10);
  const cli = sources.find(({ path }) => path === "src/cli/cli.ts");
  ok(cli?.imports.some(({ target }) => target === "src/domain/errors.ts"));
});

for (const { claim, rule, files, breach } of houseRules) {
  Deno.test(`house: ${claim}`, () => {
    deepStrictEqual(rule(files), []);
  });
  Deno.test(`${breach.path} breaking "${claim}" is found`, () => {
    ok(rule([breach]).some((sentence) => sentence.includes(breach.path)));
  });
}

Deno.test("house: every file lies in a room", () => {
  deepStrictEqual(sources.filter(({ path }) => rules.roomOf(path) === null), []);
});

Deno.test("house: every export is documented", async () => {
  // A re-export is documented where it comes from. Entries are read alone, so that `deno doc` looks it up there.
  const isEntry = (path: string) => !path.includes("/");
  for (const paths of [sourcePaths.filter((path) => !isEntry(path)), ["mod.ts"], ["browser.ts"]]) {
    deepStrictEqual(await undocumentedExports(paths), []);
  }
});

Deno.test("undocumentedExports() finds an export without a sentence", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    path,
    "/** Said. */\nexport const said = 1;\nexport const unsaid = 2;\n",
  );
  const found = await undocumentedExports([path]);
  await Deno.remove(path);
  ok(found.length === 1 && found[0]?.endsWith("unsaid"));
});

const map = await Deno.readTextFile(new URL("../docs/architecture.md", import.meta.url));

Deno.test("docs/architecture.md gives each room its rank", () => {
  const rows = [...map.matchAll(/^\| (\d+) +\| `(\w+)` +\|/gm)];
  deepStrictEqual(
    Object.fromEntries(rows.map(([, rank, room]) => [room, Number(rank)])),
    rules.RANKS,
  );
});

/** The walks of the document: for each, its steps from file to function. */
const walks = map.split("\n**").slice(1).map((text) => ({
  name: text.slice(0, text.indexOf("**")),
  steps: [...text.matchAll(/^\| `(src\/[^`]*)` +\| `(\w+)` +\|(.*)/gm)].map(
    ([, path, name, what]) => ({
      path: path!,
      name: name!,
      /** What leads to the function: a call, or the service method that it implements. */
      led: new RegExp(`\\b${name}\\(|${/`\w+(\.\w+)`/.exec(what!)?.[1] ?? "\\b$^"}\\b`),
    }),
  ),
})).filter(({ steps }) => steps.length > 0);

for (const { name, steps } of walks) {
  Deno.test(`docs/architecture.md: ${name} walks through functions that call each other`, () => {
    ok(steps.length <= (name === "A gain" ? 12 : 25));
    steps.forEach((step, i) => {
      const textOf = (path: string) => sources.find((file) => file.path === path)?.text ?? "";
      const defined = new RegExp(`^export (const|function\\*?) ${step.name}\\b`, "m");
      ok(defined.test(textOf(step.path)), `${step.path} has no ${step.name}`);
      const callers = steps.slice(0, i).filter(({ path }) => step.led.test(textOf(path)));
      ok(i === 0 || callers.length > 0, `${step.name} is called by no file above it`);
    });
  });
}

Deno.test("docs/architecture.md has both walks", () => {
  deepStrictEqual(walks.map(({ name }) => name), ["A gain", "A token"]);
});
