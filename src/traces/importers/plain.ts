import { Predicate, Schema } from "effect";
import { type Draft, importer } from "../importer.ts";
import { golds, maybe, Text, textOrNull } from "../shapes.ts";

const Call = Schema.Struct({
  name: Schema.String,
  arguments: maybe(Schema.Unknown),
  result: Text,
  seconds: maybe(Schema.Finite),
});

const Turn = Schema.Struct({ think: Text, text: Text, calls: maybe(Schema.Array(Call)) });

const Row = Schema.Struct({
  id: maybe(Schema.Union([Schema.String, Schema.Finite])),
  question: Schema.String,
  golds: maybe(Schema.Unknown),
  answers: maybe(Schema.Unknown),
  system: Text,
  reward: maybe(Schema.Finite),
  turns: Schema.Array(Turn),
});

/** The plainest log: `{question, golds, turns: [{think, text, calls: [{name, arguments, result}]}]}`. */
export const plain = importer({
  name: "plain",
  shape: Row,
  lacks: 'no "question" with "turns"',
  read: (row): Draft => ({
    id: Predicate.isNullish(row.id) ? null : String(row.id),
    question: row.question,
    golds: golds(row.golds, row.answers),
    reward: row.reward ?? null,
    lost: [],
    conversation: {
      system: row.system ?? null,
      asked: row.question,
      turns: row.turns.map(({ think, text, calls }, i) => ({
        think: textOrNull(think),
        text: textOrNull(text),
        calls: (calls ?? []).map((call) => ({
          name: call.name,
          arguments: call.arguments ?? {},
          result: call.result ?? null,
          isError: false,
          seconds: call.seconds ?? null,
        })),
        replies: [],
        seconds: null,
        source: `turns[${i}]`,
      })),
    },
  }),
});
