// deno-lint-ignore-file no-console
/**
 * Compiles WGSL texts by another compiler, `dawn` (Node) or `chromium` (a browser that draws by software), and prints
 * its errors as JSON: `compile.ts dawn TEXTS.json`.
 */
import chromium from "@sparticuz/chromium";
import { chromium as browsers } from "playwright-core";

/** What a compiler says of some texts: its name, and for each text its first error or null. */
interface Verdict {
  readonly compiler: string;
  readonly errors: ReadonlyArray<string | null>;
}

/** Dawn's bindings crash in Deno, so Node runs them. */
async function byDawn(file: string): Promise<Verdict> {
  const script = new URL("dawn.mjs", import.meta.url).pathname;
  const node = new Deno.Command("node", { args: [script, file], stderr: "inherit" });
  return JSON.parse(new TextDecoder().decode((await node.output()).stdout));
}

async function byChromium(file: string): Promise<Verdict> {
  const texts: ReadonlyArray<string> = JSON.parse(await Deno.readTextFile(file));
  const browser = await browsers.launch({
    executablePath: await chromium.executablePath(),
    args: ["--no-sandbox", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
  });
  const page = await browser.newPage();
  // WebGPU asks for a page of a trustworthy address. No request leaves the browser.
  await page.route("**/*", (route) => route.fulfill({ contentType: "text/html", body: "" }));
  await page.goto("http://localhost/");
  const errors = await page.evaluate(async (texts) => {
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter!.requestDevice({ requiredFeatures: ["subgroups"] });
    const found: Array<string | null> = [];
    for (const code of texts) {
      const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
      const error = messages.find(({ type }) => type === "error");
      found.push(error === undefined ? null : `${error.lineNum}: ${error.message}`);
    }
    return found;
  }, texts);
  const verdict = { compiler: `Chromium ${browser.version()}`, errors };
  await browser.close();
  return verdict;
}

const [compiler, file] = Deno.args;
console.log(JSON.stringify(await (compiler === "dawn" ? byDawn(file!) : byChromium(file!))));
