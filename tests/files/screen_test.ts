import { strictEqual } from "node:assert/strict";
import { inert } from "../../src/files/screen.ts";
import { styleFor } from "../../src/report/style.ts";

Deno.test("inert() leaves colours, line breaks and words, and nothing that a terminal obeys", () => {
  const style = styleFor({ hasColor: true });
  const ours = [style.bold("a"), style.dim("b"), style.good("c"), style.bad("é 漢 🙂")].join("\n");
  strictEqual(inert(ours), ours);
  const clear = "\x1b[2J";
  const title = "\x1b]0;owned\x07";
  const hidden = "\x1b[8m";
  const c1 = "\x9b2J";
  strictEqual(
    inert(`x${clear}${title}${hidden}${c1}\r\b\ty`),
    "x\uFFFD[2J\uFFFD]0;owned\uFFFD\uFFFD[8m\uFFFD2J\uFFFD\uFFFD\uFFFDy",
  );
});
