import { deepStrictEqual } from "node:assert/strict";
import { readTar } from "../../driver/tar.ts";

function entry(name: string, content: string, kind = "0"): Uint8Array {
  const bytes = new Uint8Array(512 + Math.ceil(content.length / 512) * 512);
  const put = (text: string, offset: number) => bytes.set(new TextEncoder().encode(text), offset);
  put(name, 0);
  put(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  put(kind, 156);
  put(content, 512);
  return bytes;
}

Deno.test("readTar() gives regular files by name, without folders", () => {
  const end = new Uint8Array(1024);
  const parts = [entry("./a.txt", "x".repeat(513)), entry("d/", "", "5"), entry("b", ""), end];
  const archive = new Uint8Array(parts.flatMap((part) => [...part]));
  const files = [...readTar(archive)].map(([name, bytes]) => [name, bytes.length]);
  deepStrictEqual(files, [["a.txt", 513], ["b", 0]]);
});
