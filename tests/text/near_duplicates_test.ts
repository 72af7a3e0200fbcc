import assert from "node:assert/strict";
import { nearDuplicates, plainText } from "../../src/text/near_duplicates.ts";
import { createRandom } from "../../src/math/random.ts";

const asked = (...texts: ReadonlyArray<string>) => texts.map((text) => ({ text }));
const found = (texts: ReadonlyArray<string>, others: ReadonlyArray<string>) =>
  nearDuplicates(asked(...texts), asked(...others)).map((
    { question, like, similarity },
  ) => [question.text, like.text, similarity]);

Deno.test("plainText() drops case, punctuation, white space and forms of characters", () => {
  assert.equal(plainText("  Who’s “ＡＤＡ”,\n the Countess? "), "who s ada the countess");
  assert.equal(plainText("Où est Zoé ?"), "où est zoé");
});

Deno.test("nearDuplicates() finds equal questions and those with a word more", () => {
  const held = "Who wrote the first program for a machine?";
  assert.deepEqual(found(["who wrote the first program, for a machine"], [held]), [
    ["who wrote the first program, for a machine", held, 1],
  ]);
  assert.deepEqual(found(["So who wrote the first program for a machine?"], [held]), [
    ["So who wrote the first program for a machine?", held, 7 / 8],
  ]);
  assert.deepEqual(found(["Ada"], ["ada?", "Grace"]), [["Ada", "ada?", 1]]);
});

Deno.test("nearDuplicates() leaves apart questions that ask for something else in the same words", () => {
  const others = ["Who is the mother of the director of film Dil Diya Dard Liya?"];
  assert.deepEqual(
    found(["Who is the father of the director of film Dil Diya Dard Liya?"], others),
    [],
  );
  assert.deepEqual(found(["a b c d e f"], ["f e d c b a"]), []);
  assert.deepEqual(found(["Who wrote it?"], []), []);
});

Deno.test("nearDuplicates() takes a similarity of exactly 0.8, not less, and the most similar one", () => {
  // Four pairs of words, of which the longer text adds one.
  assert.deepEqual(found(["a b c d e"], ["a b c d e f"]), [["a b c d e", "a b c d e f", 0.8]]);
  assert.deepEqual(found(["a b c d"], ["a b c d e"]), []);
  const others = ["a b c d e f g h i j", "a b c d e f g h i", "z a b c d e f g h i"];
  assert.deepEqual(found(["a b c d e f g h i"], others).map(([, like]) => like), [others[1]]);
});

/** All pairs compared, by sets of strings. */
function slowly(questions: ReadonlyArray<string>, others: ReadonlyArray<string>) {
  const shingles = (text: string) => {
    const words = text.split(" ");
    return new Set(words.slice(1).map((word, i) => `${words[i]} ${word}`));
  };
  return questions.flatMap((text) => {
    const own = shingles(text);
    const similarities = others.map((other) => {
      const theirs = shingles(other);
      return own.intersection(theirs).size / own.union(theirs).size;
    });
    const best = Math.max(...similarities);
    return best >= 0.8 - 1e-9 ? [[text, best]] : [];
  });
}

Deno.test("nearDuplicates() finds what comparing all pairs finds", () => {
  const random = createRandom([1, 2]);
  const text = () =>
    Array.from({ length: 2 + random.int(14) }, () => "abc"[random.int(3)]).join(" ");
  const edited = (base: string) => {
    const words = base.split(" ");
    words.splice(random.int(words.length), random.int(2), "abcd"[random.int(4)]!);
    return words.join(" ");
  };
  const others = Array.from({ length: 150 }, text);
  const questions = Array.from(
    { length: 300 },
    (_, i) => i % 2 === 0 ? text() : edited(random.pick(others)),
  );
  const wanted = slowly(questions, others);
  assert.ok(wanted.length > 30 && wanted.length < 270, `${wanted.length}`);
  assert.deepEqual(found(questions, others).map(([question, , best]) => [question, best]), wanted);
});

Deno.test("nearDuplicates() is quick where one question stands often", () => {
  const many = Array.from({ length: 20_000 }, () => "Who wrote the first program?");
  assert.equal(found(many, many).length, 20_000);
});
