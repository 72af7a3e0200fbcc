/** The module for browsers and its page, in Chromium with an adapter that computes by software. */
import { notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Effect } from "effect";
import { command } from "../../driver/command.ts";
import { type Numbers, numbersOf } from "./browser_numbers.ts";
import { builtInFiles } from "./model_files.ts";
import { serveSite } from "./site_server.ts";

/** Folder of the page's files. */
export const SITE = "site";

/** Runs Deno and answers with what it prints. */
export async function deno(...args: ReadonlyArray<string>): Promise<string> {
  const { success, stdout } = await command("deno", { args: [...args], stderr: "inherit" })
    .output();
  ok(success, args.join(" "));
  return new TextDecoder().decode(stdout);
}

/** The file of a program that has `numbersOf` and needs no Deno. */
export async function bundled(): Promise<string> {
  const output = `${await Deno.makeTempDir()}/numbers.mjs`;
  const entry = "tests/support/browser_entry.ts";
  await deno("bundle", "--quiet", "--platform=browser", "--output", output, entry);
  return output;
}

/** What plain loops compute in Deno. */
export const numbersOfDeno = async () =>
  await Effect.runPromise(numbersOf(await builtInFiles(), "cpu"));

/** Fails unless all log-probs are the same within 1e-4. */
export function sameNumbers(found: Numbers, wanted: Numbers): void {
  ok(found.before.length > 10);
  closeTo(found.before, wanted.before, "before token");
  closeTo(found.after, wanted.after, "after token");
  notDeepStrictEqual(found.after, found.before);
}

/** What Chromium saw of the page, made anew. */
export async function seenBy(
  what: "numbers" | "open" | "train" | "answer" | "lose" | "credit",
  { program = "", paths = [] }: {
    readonly program?: string;
    readonly paths?: ReadonlyArray<string>;
  } = {},
) {
  await deno("task", "--quiet", SITE);
  await using server = serveSite(SITE, program);
  const url = `http://127.0.0.1:${server.addr.port}`;
  return await drive(what, url, ...paths);
}

/** What Chromium saw of a page that is served. */
export async function drive(...args: ReadonlyArray<string>) {
  // Playwright asks for more than can be named.
  const script = ["--allow-all", "tests/support/drive_page.ts"];
  return JSON.parse(await deno("run", "--quiet", "--frozen", ...script, ...args));
}

/** Fails unless all numbers are the same within 1e-4. */
export function closeTo(found: ReadonlyArray<number>, wanted: ReadonlyArray<number>, what: string) {
  strictEqual(found.length, wanted.length);
  found.forEach((value, i) =>
    ok(Math.abs(value - wanted[i]!) <= 1e-4, `${what} ${i}: ${value}, Deno has ${wanted[i]}`)
  );
}
