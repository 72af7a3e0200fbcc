import assert from "node:assert/strict";
import { plainWords, porterWords } from "../../src/environment/analysis.ts";

Deno.test("plainWords() cuts at spaces and punctuation and lower-cases", () => {
  assert.deepEqual(plainWords(" Hol Zek was born (in) VOR-Dan."), [
    "hol",
    "zek",
    "was",
    "born",
    "in",
    "vor",
    "dan",
  ]);
});

Deno.test("plainWords() keeps words of any alphabet, contractions, decimals and names of genes whole", () => {
  assert.deepEqual(plainWords("Größe don't 1,000.5 IL-6 p53 東京 l'été"), [
    "größe",
    "don't",
    "1,000.5",
    "il",
    "6",
    "p53",
    "東京",
    "l'été",
  ]);
});

Deno.test("porterWords() drops possessives and stopwords, then stems", () => {
  assert.deepEqual(porterWords("The dog's owners were not running into it"), [
    "dog",
    "owner",
    "were",
    "run",
  ]);
});

Deno.test("plainWords() finds nothing in text without letters or digits", () => {
  assert.deepEqual(plainWords(" ?! … "), []);
});
