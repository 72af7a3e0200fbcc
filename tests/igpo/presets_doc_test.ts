import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { DEFAULT_PRESET } from "../../src/domain/config.ts";
import { RECIPES } from "../../src/domain/recipe.ts";
import type { Preset } from "../../src/igpo/preset.ts";
import { PRESETS } from "../../src/igpo/presets.ts";

const DOC = new URL("../../docs/presets.md", import.meta.url);

/** `pool.ddof` style paths of all leaves, with their JSON values. */
function leaves(value: unknown, path: string): ReadonlyArray<readonly [string, string]> {
  if (typeof value !== "object" || value === null) return [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) =>
    leaves(inner, path === "" ? key : `${path}.${key}`)
  );
}

const isOwn = ({ name }: Preset) => name.startsWith("igpo");

/** The table of the document: one row for each field, one column for each preset. */
function presetTable(): ReadonlyArray<ReadonlyArray<string>> {
  const presets = Object.values(PRESETS).filter((preset) => !isOwn(preset));
  const columns = presets.map((preset) => new Map(leaves(preset, "")));
  const fields = [...columns[0]!.keys()].filter((field) => field !== "name");
  const header = ["field", ...presets.map(({ name }) => name)];
  const rows = fields.map((field) => {
    const values = columns.map((column) => column.get(field)!.replaceAll('"', ""));
    // A value equal to the first preset's is left out, so that differences stand out.
    return [`\`${field}\``, values[0]!, ...values.slice(1).map((v) => v === values[0] ? "" : v)];
  });
  return [header, ...rows];
}

/** One row for each preset of this project: its name, and the fields that differ from `paper-v2`. */
function ownTable(): ReadonlyArray<ReadonlyArray<string>> {
  const paper = new Map(leaves(PRESETS["paper-v2"], ""));
  return Object.values(PRESETS).filter(isOwn).map((preset) => {
    const changed = leaves(preset, "").filter(([field, value]) =>
      field !== "name" && paper.get(field) !== value
    );
    const differs = changed.map(([field, value]) => `\`${field}\` ${value.replaceAll('"', "")}`);
    return [`\`${preset.name}\``, differs.join(", ")];
  });
}

function sectionText(section: string): string {
  return Deno.readTextFileSync(DOC).split(`\n## ${section}\n`)[1]!.split("\n## ")[0]!;
}

/** The cells of the markdown table in a text, without its rule. */
function tableIn(text: string): ReadonlyArray<ReadonlyArray<string>> {
  const lines = text.split("\n").filter((line) => line.startsWith("|"));
  const cells = lines.map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
  return cells.filter((row) => !row.every((cell) => /^-+$/.test(cell)));
}

const documentedTable = (section: string) => tableIn(sectionText(section));

/** For each preset beside its source: the fields of each row with their values, and whose its other fields are. */
function besideSources() {
  return sectionText("Beside the sources").split("\n### `").slice(1).map((part) => ({
    name: part.split("`")[0]!,
    base: /Other fields as in\s+`([^`]+)`/.exec(part)?.[1] ?? null,
    rows: tableIn(part).slice(1).map(([fields, _, here]) => ({
      fields: fields!.replaceAll("`", "").split(", "),
      here: here!,
    })),
  }));
}

Deno.test("docs/presets.md shows the value of every field of every preset", () => {
  deepStrictEqual(documentedTable("Values"), presetTable());
});

Deno.test("docs/presets.md says how every preset of this project differs from paper-v2", () => {
  const rows = documentedTable("Presets of this project").slice(1);
  deepStrictEqual(rows.map(([name, differs]) => [name, differs]), ownTable());
});

Deno.test("docs/presets.md has every field of every preset with a source beside that source", () => {
  const presets = Object.values(PRESETS).filter((preset) => !isOwn(preset));
  const sections = besideSources();
  deepStrictEqual(sections.map(({ name }) => name), presets.map(({ name }) => name));
  for (const { name, base, rows } of sections) {
    const values = new Map(leaves(PRESETS[name], ""));
    const others = new Map(base === null ? [] : leaves(PRESETS[base], ""));
    for (const { fields, here } of rows) {
      const want = fields.map((field) => values.get(field)?.replaceAll('"', "")).join(", ");
      strictEqual(here, want, `${name}: ${fields.join(", ")}`);
    }
    const named = rows.flatMap(({ fields }) => fields);
    strictEqual(new Set(named).size, named.length, `${name} has a field twice`);
    for (const [field, value] of values) {
      if (field === "name" || named.includes(field)) continue;
      strictEqual(others.get(field), value, `${name}: ${field} is in no row`);
    }
  }
});

Deno.test("docs/presets.md shows the default of every field of the optimiser that it explains", () => {
  const recipe = RECIPES.get("embedded")!;
  const rows = documentedTable("The optimiser of a recipe").slice(1);
  const fields = rows.map(([name]) => name!.replaceAll("`", ""));
  const want = fields.map((field) => String(recipe[field as keyof typeof recipe])); // undefined if there is none
  deepStrictEqual(rows.map(([_, value]) => value), want);
});

Deno.test("PRESETS is keyed by the presets' own names, the paper's first, and has the default", () => {
  for (const [key, preset] of Object.entries(PRESETS)) strictEqual(preset.name, key);
  strictEqual(Object.keys(PRESETS)[0], "paper-v2");
  ok(Object.hasOwn(PRESETS, DEFAULT_PRESET));
});
