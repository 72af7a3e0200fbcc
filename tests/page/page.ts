// deno-lint-ignore-file no-console
/** A page in Chromium (CHROMIUM names it), which computes by software, with a program of files of this repository. */
import { pathToFileURL } from "node:url";
import { chromium, type Page } from "playwright-core";
import project from "../../deno.json" with { type: "json" };
import { command } from "../../driver/command.ts";
import { goldenDir } from "../golden/golden_dir.ts";
import { BY_SOFTWARE, findChromium } from "../support/chromium.ts";

const ROOT = new URL("../../", import.meta.url);
const PAGE =
  `<!doctype html><script src="shim.js"></script><script type="module" src="bundle.js"></script>`;
/** Where the page finds golden data. */
const GOLDEN = "/golden";
/** Where the page lies: as deep as the folders of tests, whose files find others beside themselves. */
const AT = "/tests/page/";
const LOADING_MILLIS = 600_000;

/** One program of some files, in which what only Deno has is replaced. */
export async function bundle(files: ReadonlyArray<string>): Promise<string> {
  const folder = await Deno.makeTempDir();
  const at = (path: string) => new URL(path, ROOT).href;
  const imports = {
    ...project.imports,
    "node:assert/strict": at("tests/page/assert.ts"),
    "node:path": at("tests/page/paths.ts"),
    "node:url": at("tests/page/paths.ts"),
    [at("src/files/driver.ts")]: at("tests/page/driver.ts"),
  };
  await Deno.writeTextFile(`${folder}/imports.json`, JSON.stringify({ imports }));
  const lines = files.map((file) => `import ${JSON.stringify(at(file))};\n`);
  await Deno.writeTextFile(`${folder}/entry.ts`, `${lines.join("")}globalThis.isLoaded = true;\n`);
  const output = `${folder}/bundle.js`;
  const { success } = await command("deno", {
    args: [
      ...["bundle", "--quiet", "--frozen", "--platform=browser"],
      ...["--import-map", `${folder}/imports.json`, "--output", output, `${folder}/entry.ts`],
    ],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${files} could not be bundled`);
  return output;
}

/** Serves the page, its program, and the files of the repository, to this machine alone. */
function serve(program: string) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === AT) return new Response(PAGE, { headers: { "content-type": "text/html" } });
    const headers = { "content-type": "text/javascript" };
    const file = pathname === `${AT}bundle.js` ? Deno.readFile(program) : read(
      pathname === "/file" ? searchParams.get("path")! : pathname,
    );
    return await file.then(
      (found) => new Response(found, { headers }),
      () => new Response("there is no such file", { status: 404 }),
    );
  });
}

/** A file of the repository or of the golden data, or the names in a folder of them. */
async function read(path: string): Promise<BodyInit> {
  const url = path.startsWith(GOLDEN)
    ? pathToFileURL(goldenDir() + path.slice(GOLDEN.length))
    : new URL(`.${path}`, ROOT);
  if (!path.endsWith("/")) return await Deno.readFile(url);
  return JSON.stringify(await Array.fromAsync(Deno.readDir(url)));
}

/** Variables that a page is told. */
const VARIABLES = ["TEST_FAMILY", "TEST_PREFIX", "TEST_WITHOUT"];

/** Opens a page that has loaded these files. */
export async function inPage<A>(
  files: ReadonlyArray<string>,
  use: (page: Page) => Promise<A>,
): Promise<A> {
  const asked = new URLSearchParams({
    ...Object.fromEntries(VARIABLES.map((name) => [name, Deno.env.get(name) ?? ""])),
    GOLDEN_DIR: GOLDEN,
  });
  await using server = serve(await bundle(files));
  const executablePath = await findChromium() ?? "";
  const browser = await chromium.launch({ executablePath, args: BY_SOFTWARE });
  try {
    const page = await browser.newPage();
    page.on("pageerror", ({ message }) => console.error(message));
    page.on("console", (said) => said.type() === "log" && console.error(said.text()));
    await page.goto(`http://127.0.0.1:${server.addr.port}${AT}?${asked}`);
    await page.waitForFunction("globalThis.isLoaded", undefined, { timeout: LOADING_MILLIS });
    return await use(page);
  } finally {
    await browser.close();
  }
}
