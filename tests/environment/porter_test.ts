import assert from "node:assert/strict";
import { stem } from "../../src/environment/porter.ts";

// Examples of each step in Porter's paper, with the stem after all steps.
const PAIRS: ReadonlyArray<readonly [string, string]> = [
  ["caresses", "caress"],
  ["ponies", "poni"],
  ["ties", "ti"],
  ["cats", "cat"],
  ["feed", "feed"],
  ["agreed", "agre"],
  ["plastered", "plaster"],
  ["bled", "bled"],
  ["motoring", "motor"],
  ["sing", "sing"],
  ["conflated", "conflat"],
  ["troubled", "troubl"],
  ["sized", "size"],
  ["hopping", "hop"],
  ["tanned", "tan"],
  ["falling", "fall"],
  ["hissing", "hiss"],
  ["fizzed", "fizz"],
  ["failing", "fail"],
  ["filing", "file"],
  ["happy", "happi"],
  ["sky", "sky"],
  ["relational", "relat"],
  ["conditional", "condit"],
  ["rational", "ration"],
  ["digitizer", "digit"],
  ["conformably", "conform"],
  ["radically", "radic"],
  ["differently", "differ"],
  ["vietnamization", "vietnam"],
  ["operator", "oper"],
  ["feudalism", "feudal"],
  ["decisiveness", "decis"],
  ["hopefulness", "hope"],
  ["formality", "formal"],
  ["sensitivity", "sensit"],
  ["sensibility", "sensibl"],
  ["triplicate", "triplic"],
  ["formative", "form"],
  ["electrical", "electr"],
  ["goodness", "good"],
  ["revival", "reviv"],
  ["allowance", "allow"],
  ["inference", "infer"],
  ["adjustable", "adjust"],
  ["replacement", "replac"],
  ["adoption", "adopt"],
  ["communism", "commun"],
  ["bowdlerize", "bowdler"],
  ["probate", "probat"],
  ["rate", "rate"],
  ["cease", "ceas"],
  ["controlling", "control"],
  ["rolled", "roll"],
  ["generalizations", "gener"],
  ["oscillators", "oscil"],
  ["archaeology", "archaeolog"],
];

Deno.test("stem() gives the stems of Porter's examples", () => {
  for (const [word, expected] of PAIRS) assert.equal(stem(word), expected, word);
});

Deno.test("stem() leaves short words, numbers and other alphabets alone", () => {
  for (const word of ["as", "is", "", "1990s", "straße", "данные"]) assert.equal(stem(word), word);
});
