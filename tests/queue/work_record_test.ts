import { deepStrictEqual } from "node:assert/strict";
import { type AnsweredGroup, workRecord } from "../../src/queue/work_record.ts";

const group = (worker: string, rolloutSeconds: number): AnsweredGroup => ({
  groups: [],
  dropped: { episodes: 0, groups: 0 },
  lost: [],
  uncaught: { count: 0, last: "" },
  scoredTokens: 0,
  rolloutSeconds,
  scoreSeconds: 1,
  worker,
  bytes: 100,
});

Deno.test("workRecord() counts groups, workers and bytes, and how long its workers were idle", () => {
  const groups = [group("me", 9), group("a", 2), group("b", 1), group("a", 1)];
  deepStrictEqual(workRecord(groups, { step: 3, seconds: 10, repeats: 2, own: "me" }), {
    ...{ step: 3, here: 1, elsewhere: 3, workers: 2, bytes: 300, seconds: 10, repeats: 2 },
    // Seven of twenty seconds were busy.
    idleShare: 1 - 7 / 20,
    each: [
      { worker: "a", groups: 2, idleShare: 1 - 5 / 10 },
      { worker: "b", groups: 1, idleShare: 1 - 2 / 10 },
    ],
  });
  const { idleShare, elsewhere } = workRecord(groups.slice(0, 1), {
    ...{ step: 1, seconds: 10, repeats: 0, own: "me" },
  });
  deepStrictEqual([idleShare, elsewhere], [null, 0]);
});
