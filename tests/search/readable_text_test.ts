import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readableText } from "../../src/search/readable_text.ts";

const ARTICLE = `<!doctype html>
<html lang="en"><head>
  <title>Ada  Lovelace &amp; the engine</title>
  <style>p { color: red }</style>
  <script>document.title = "<p>changed</p>"; throw 1;</script>
</head><body>
  <header><nav><ul><li><a href="/">Home</a><li><a href="/about">About</a></ul></nav></header>
  <div>Subscribe to our letter</div>
  <main>
    <h1>Ada Lovelace</h1>
    <p>Ada wrote <b>the first</b>
       program&nbsp;in 1843.
    <p>Her notes are longer than the paper.<br>They have seven parts.
    <table><tr><th>Born<td>10 December 1815</tr><tr><th>Died</th><td>27 November 1852</td></tr></table>
    <p hidden>Nobody sees this.</p>
    <noscript>Turn scripts on</noscript>
    <ul><li>Notes</li><li>Letters</li></ul>
  </main>
  <footer>All rights reserved</footer>
</body></html>`;

Deno.test("readableText() gives title and text of an article, without menus, scripts and what is hidden", () => {
  deepStrictEqual(readableText(ARTICLE), {
    title: "Ada Lovelace & the engine",
    text: [
      "Ada Lovelace",
      "Ada wrote the first program in 1843.",
      "Her notes are longer than the paper.",
      "They have seven parts.",
      "Born | 10 December 1815",
      "Died | 27 November 1852",
      "Notes",
      "Letters",
    ].join("\n"),
  });
});

Deno.test("readableText() gives all of a page that has no article, or whose article is a small part", () => {
  const all = (body: string) => readableText(body)?.text;
  strictEqual(all("<div>One<div>two</div> three</div>"), "One\ntwo\nthree");
  strictEqual(all("no markup at all"), "no markup at all");
  const long = "words ".repeat(20).trim();
  strictEqual(all(`<article>Card</article><div>${long}</div>`), `Card\n${long}`);
  strictEqual(all(`<div role=main>${long}</div><div>Card</div>`), long);
  deepStrictEqual(readableText(""), { title: "", text: "" });
});

const HOSTILE: Readonly<Record<string, string>> = {
  "100,000 nested divs": "<div>".repeat(100_000) + "x" + "</div>".repeat(100_000),
  "100,000 open lists": "<ul><li>".repeat(100_000),
};
for (const [name, page] of Object.entries(HOSTILE)) {
  Deno.test(`readableText() gives up on ${name}`, () => {
    const started = performance.now();
    strictEqual(readableText(page), null);
    ok(performance.now() - started < 2000);
  });
}

const MB = 1 << 20;
const HEAVY: Readonly<Record<string, string>> = {
  "500 nested elements, many times": ("<b>".repeat(500) + "</b>".repeat(500)).repeat(MB / 3500),
  "paragraphs that nobody opened": "<b>".repeat(500) + "</p>".repeat(MB / 4),
  "a column of a billion": '<table><tr><td colspan="1000000000" rowspan="1000000000">x</table>',
  "spaces": "&#32;".repeat(MB / 5) + "x",
  "cells": "<td>".repeat(MB / 4),
  "line breaks and spaces": "<br> ".repeat(MB / 5),
  "attributes": "<a " + "x ".repeat(MB / 2) + ">",
  "open brackets": "<".repeat(MB),
  "ampersands": "&".repeat(MB),
  "comments": "<!--".repeat(MB / 4),
  "scripts": "<script></script".repeat(MB / 16),
};
for (const [name, page] of Object.entries(HEAVY)) {
  Deno.test(`readableText() reads a megabyte of ${name} in time`, () => {
    const started = performance.now();
    ok(readableText(page) !== null);
    ok(performance.now() - started < 4000, `${performance.now() - started} ms`);
  });
}
