// Runs the tests of a bundle on Dawn in Node 24 and prints as JSON how each went: `node tests.mjs BUNDLE`. The bundle
// is loaded as if it were tests/page/bundle.js, beside whose folder tests find their files.
import { Console } from "node:console";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import process from "node:process";
import { openDawn } from "./adapter.mjs";

const [bundle] = process.argv.slice(2);
const at = new URL("../../tests/page/bundle.js", import.meta.url).href;
if (!await openDawn()) throw new Error("Dawn found no adapter");

globalThis.location = { href: at, search: new URLSearchParams(process.env) };
globalThis.readNow = (pathname) => {
  const path = decodeURIComponent(pathname);
  if (!existsSync(path)) return null;
  if (!path.endsWith("/")) return readFileSync(path);
  return Buffer.from(JSON.stringify(readdirSync(path).map((name) => ({ name }))));
};
await import("../../tests/page/shim.js");
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === at ? { url: at, format: "module", shortCircuit: true } : next(specifier, context),
  load: (url, context, next) =>
    url === at
      ? { source: readFileSync(bundle), format: "module", shortCircuit: true }
      : next(url, context),
});
// Tests print to stderr; stdout holds outcomes alone.
globalThis.console = new Console(process.stderr);
await import(at);
await globalThis.runTests((outcome) => process.stdout.write(`${JSON.stringify(outcome)}\n`));
// The device would keep the process alive.
process.exit(0);
