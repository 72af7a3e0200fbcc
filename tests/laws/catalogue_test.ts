import { deepStrictEqual, ok } from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

async function titlesOf(path: string): Promise<ReadonlyArray<string>> {
  return [...(await read(path)).matchAll(/(?:Deno\.test\(|eachEngine\(\s*)"([^"]*)"/g)].map((
    found,
  ) => found[1]!);
}

/** Rows of the catalogue: the number of a law, its test files, and the title of the test where one is named. */
async function catalogue() {
  const rows = (await read("docs/laws.md")).matchAll(/^\| (\d+) +\| .* \| (\[.*) \|$/gm);
  return [...rows].map(([, number, kept]) => ({
    number: Number(number),
    keptBy: [...kept!.matchAll(/\]\(\.\.\/(tests\/[^)]*)\)(?:: "([^"]*)")?/g)]
      .map(([, path, title]) => ({ path: path!, title })),
  }));
}

Deno.test("docs/laws.md names each law once, and who keeps it", async () => {
  const rows = await catalogue();
  deepStrictEqual(rows.map(({ number }) => number), rows.map((_, i) => i + 1));
  for (const { number, keptBy } of rows) {
    ok(keptBy.length > 0, `law ${number} is kept by nobody`);
    for (const { path, title } of keptBy) {
      const titles = await titlesOf(path);
      const isKept = path.startsWith("tests/laws/")
        ? titles.some((one) => one.startsWith(`law ${number}: `))
        : title === undefined
        ? titles.length > 0
        : titles.includes(title);
      ok(isKept, `${path} has no test of law ${number}`);
    }
  }
});

Deno.test("every law that a test cites stands in docs/laws.md beside the test's file", async () => {
  const rows = await catalogue();
  for await (const { name } of Deno.readDir(new URL("tests/laws", ROOT))) {
    const path = `tests/laws/${name}`;
    for (const title of await titlesOf(path)) {
      const number = Number(/^law (\d+): /.exec(title)?.[1] ?? Number.NaN);
      if (Number.isNaN(number)) continue;
      const row = rows.find((one) => one.number === number);
      ok(row?.keptBy.some((one) => one.path === path), `law ${number} of ${path} is not there`);
    }
  }
});
