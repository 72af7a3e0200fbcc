/** A run whose queue is in PostgreSQL, which restarts meanwhile; installed where there is none and apt can. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { Effect } from "effect";
import { openPlace } from "../../src/queue/place.ts";
import { openQueue } from "../../src/queue/work_queue.ts";
import { contentsOf, differences } from "../support/kill_matrix.ts";
import { startPostgres } from "../support/postgres.ts";
import { inFolder, type TinyRun, trainTiny, workTiny } from "../support/tiny_run.ts";

const OPTIONS: Omit<TinyRun, "folder"> = {
  recipe: { steps: 4, promptsPerStep: 6, checkpointEvery: 1 },
};

Deno.test("a run with its queue in PostgreSQL, which restarts twice, is the run without", () =>
  inFolder(async (outer) => {
    for (const name of ["alone", "run", "server"]) await Deno.mkdir(`${outer}/${name}`);
    await Effect.runPromise(trainTiny({ ...OPTIONS, folder: `${outer}/alone` }));
    const server = await startPostgres(`${outer}/server`);
    Deno.env.set("PGSSLROOTCERT", server.certificate);
    try {
      const flags = { queue: server.url, blobs: `${outer}/blobs` };
      const isEncrypted = await Effect.runPromise(Effect.scoped(Effect.gen(function* () {
        const place = yield* openPlace(flags);
        const { sql, address } = place;
        yield* openQueue(place);
        ok(!address.includes("pass"));
        const rows = yield* sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`;
        return rows[0];
      })));
      deepStrictEqual(isEncrypted, { ssl: true });
      let steps = 0;
      const print = (text: string) =>
        Effect.promise(async () => {
          if (!/^step \d/.test(text)) return;
          steps += 1;
          if (steps <= 2) await server.restart();
        });
      const done: string[] = [];
      const told = (text: string) => Effect.sync(() => void done.push(text));
      await Effect.runPromise(Effect.gen(function* () {
        yield* Effect.forkChild(workTiny(flags, { ...OPTIONS, print: told }));
        yield* trainTiny({ ...OPTIONS, folder: `${outer}/run`, queue: flags, print });
      }));
      deepStrictEqual(
        differences(await contentsOf(`${outer}/run`), await contentsOf(`${outer}/alone`)),
        [],
      );
      ok(done.some((line) => line.startsWith("Step ")), done.join("\n"));
    } finally {
      await server.stop();
    }
  }));

Deno.test("the password may be PGPASSWORD's, and a wrong one is refused in one sentence without it", () =>
  inFolder(async (outer) => {
    await Deno.mkdir(`${outer}/server`);
    const server = await startPostgres(`${outer}/server`);
    Deno.env.set("PGSSLROOTCERT", server.certificate);
    try {
      const open = Effect.scoped(Effect.flatMap(
        openPlace({ queue: server.bare, blobs: `${outer}/blobs` }),
        (place) => Effect.flatMap(openQueue(place), ({ counts }) => counts),
      ));
      Deno.env.set("PGPASSWORD", server.password);
      const none = { waiting: 0, running: 0, done: 0, failed: 0, repeats: 0 };
      deepStrictEqual(await Effect.runPromise(open), none);
      Deno.env.set("PGPASSWORD", "another");
      const { message } = await Effect.runPromise(Effect.flip(open));
      match(message, /^Cannot use the queue "postgres:\/\/igpo@127[^\n]*": [^\n]*$/);
      ok(!message.includes("another"));
      Deno.env.delete("PGSSLROOTCERT");
      const distrust = await Effect.runPromise(Effect.flip(open));
      match(distrust.message, /^Cannot use the queue ".*certificate/);
    } finally {
      Deno.env.delete("PGPASSWORD");
      Deno.env.delete("PGSSLROOTCERT");
      await server.stop();
    }
  }));
