import type { NamedType } from "./names.ts";

/** What can be the answer to a question. */
export type AnswerType = NamedType | "year";

/** A function from things to things or years. */
export interface Relation {
  /** Its name in questions and thoughts. */
  readonly noun: string;
  /** The word of the document that a query must hold to find this fact and not another about the same subject. */
  readonly word: string;
  readonly subject: NamedType;
  readonly object: AnswerType;
  /** The one sentence of a fact's document, `S` for the subject and `O` for the object. */
  readonly sentence: string;
}

/** Every relation of a world. Each subject of the right kind has exactly one object. */
export const RELATIONS = [
  {
    noun: "director",
    word: "directed",
    subject: "film",
    object: "person",
    sentence: "S was directed by O.",
  },
  {
    noun: "birthplace",
    word: "born",
    subject: "person",
    object: "city",
    sentence: "S was born in O.",
  },
  {
    noun: "employer",
    word: "works",
    subject: "person",
    object: "company",
    sentence: "S works for O.",
  },
  {
    noun: "spouse",
    word: "married",
    subject: "person",
    object: "person",
    sentence: "S is married to O.",
  },
  {
    noun: "founder",
    word: "founded",
    subject: "company",
    object: "person",
    sentence: "S was founded by O.",
  },
  {
    noun: "seat",
    word: "based",
    subject: "company",
    object: "city",
    sentence: "S is based in O.",
  },
  {
    noun: "country",
    word: "city",
    subject: "city",
    object: "country",
    sentence: "S is a city in O.",
  },
  {
    noun: "mayor",
    word: "mayor",
    subject: "city",
    object: "person",
    sentence: "The mayor of S is O.",
  },
  {
    noun: "birth year",
    word: "birth",
    subject: "person",
    object: "year",
    sentence: "The birth year of S is O.",
  },
  {
    noun: "release year",
    word: "release",
    subject: "film",
    object: "year",
    sentence: "The release year of S is O.",
  },
  {
    noun: "founding year",
    word: "founding",
    subject: "city",
    object: "year",
    sentence: "The founding year of S is O.",
  },
] as const satisfies ReadonlyArray<Relation>;

/** The name of a relation in questions. */
export type RelationNoun = (typeof RELATIONS)[number]["noun"];

/** The relations that choices ask about: their documents begin with the subject, and many subjects share an object. */
export const CHOSEN: ReadonlyArray<RelationNoun> = ["birthplace", "employer", "country"];

/** The years that occur, one token each. */
export const YEARS: ReadonlyArray<string> = Array.from({ length: 20 }, (_, i) => `${1960 + i}`);
