import assert from "node:assert/strict";
import { plainWords } from "../../../src/environment/analysis.ts";
import { NAME_WORDS } from "../../../src/environment/world/names.ts";
import { RELATIONS, YEARS } from "../../../src/environment/world/relations.ts";
import { makeWorld, type World } from "../../../src/environment/world/world.ts";

function namesOf({ names }: World): ReadonlyArray<string> {
  const { person, city, country, company, film } = names;
  return [person, city, country, company, film].flat();
}

Deno.test("makeWorld() makes the same world of the same address, bit by bit", () => {
  const address = { seed: 3, use: "train", index: 2 } as const;
  assert.equal(JSON.stringify(makeWorld(address)), JSON.stringify(makeWorld(address)));
});

Deno.test("makeWorld() draws these sentences for seed 1", () => {
  // A change here changes every world, so every checkpoint and every published curve.
  assert.deepEqual(makeWorld({ seed: 1, use: "train" }).documents.slice(0, 3), [
    " The release year of Valsov is 1971.",
    " Kortan works for Falmis.",
    " Kilfan was born in Kalvis.",
  ]);
});

Deno.test("makeWorld() makes other worlds for another seed, use or number", () => {
  const base = { seed: 3, use: "train", index: 0 } as const;
  const others = [{ ...base, seed: 4 }, { ...base, use: "test" as const }, { ...base, index: 1 }];
  const documents = new Set(makeWorld(base).documents);
  for (const other of others.map(makeWorld)) {
    const shared = other.documents.filter((document) => documents.has(document));
    // 72 of 533 names and few relations: a sentence or two can be equal by chance.
    assert.ok(shared.length <= 5, shared.join());
  }
});

Deno.test("makeWorld() gives the worlds of train, validation and test no name in common", () => {
  const uses = ["train", "validation", "test"] as const;
  const names = uses.flatMap((use) => namesOf(makeWorld({ seed: 2, use, scale: 7 })));
  assert.equal(new Set(names).size, 3 * 7 * 72);
});

Deno.test("makeWorld() never uses a word in two names, nor a word of its sentences in a name", () => {
  for (const scale of [1, 7]) {
    const world = makeWorld({ seed: 5, use: "train", scale });
    const words = namesOf(world).flatMap((name) => plainWords(name));
    assert.equal(words.length, 72 * scale);
    assert.equal(new Set(words).size, words.length);
    const spoken = new Set(RELATIONS.flatMap(({ noun, sentence }) => plainWords(noun + sentence)));
    assert.deepEqual(words.filter((word) => spoken.has(word)), []);
  }
});

Deno.test("makeWorld() states exactly one object of the right kind for each relation and subject", () => {
  const world = makeWorld({ seed: 6, use: "test" });
  assert.equal(world.facts.length, 204);
  for (const relation of RELATIONS) {
    const facts = world.facts.filter((fact) => fact.relation === relation);
    const subjects = facts.map((fact) => fact.subject).sort();
    assert.deepEqual(subjects, [...world.names[relation.subject]].sort());
    for (const { object } of facts) assert.ok(world.names[relation.object].includes(object));
  }
});

Deno.test("makeWorld() marries every person to someone who is married to them", () => {
  const world = makeWorld({ seed: 7, use: "train" });
  const spouses = world.facts.filter((fact) => fact.relation.noun === "spouse");
  const spouseOf = new Map(spouses.map((fact) => [fact.subject, fact.object]));
  for (const { subject, object } of spouses) {
    assert.notEqual(subject, object);
    assert.equal(spouseOf.get(object), subject);
  }
});

Deno.test("makeWorld() writes each fact as one line that starts with a space and holds both names", () => {
  const world = makeWorld({ seed: 8, use: "train" });
  world.documents.forEach((document, place) => {
    const { subject, object } = world.facts[place]!;
    assert.match(document, /^ [^\n]*\.$/);
    assert.ok(document.includes(` ${subject}`) && document.includes(` ${object}`), document);
  });
});

Deno.test("makeWorld() grows with scale and refuses one that names can't cover", () => {
  assert.equal(makeWorld({ seed: 1, use: "test", scale: 4 }).documents.length, 4 * 204);
  for (const scale of [0, 8, 1.5]) {
    assert.throws(() => makeWorld({ seed: 1, use: "test", scale }), /scale must be an integer/);
  }
});

Deno.test("NAME_WORDS holds 1,600 different words and YEARS 20 different years", () => {
  assert.equal(new Set(NAME_WORDS).size, 1600);
  assert.equal(new Set(YEARS).size, 20);
});
