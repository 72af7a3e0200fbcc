import { Effect } from "effect";
import { BadInput } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { onDisk } from "../files/disk.ts";
import { lockRunFolder } from "../files/run_folder.ts";
import { openBlobFolder } from "./blobs.ts";
import { openSqlite } from "./sql.ts";

/** Opens the database and the blobs of an address like `sqlite:FILE` until the scope closes. */
export const openPlace = Effect.fn("openPlace")(function* (address: string) {
  const path = /^sqlite:(.+)$/s.exec(address)?.[1];
  if (path === undefined) {
    return yield* new BadInput({
      message: `Cannot use --queue as it must be sqlite:FILE: current value is ${quote(address)}`,
    });
  }
  const folder = `${path}.blobs`;
  const blobs = yield* openBlobFolder(folder);
  const lockFolder = `${folder}/trainer`;
  return {
    address,
    sql: yield* openSqlite(path),
    blobs,
    /** Keeps other trainers away until the scope closes. */
    lock: onDisk(
      `make the folder "${lockFolder}"`,
      () => Deno.mkdir(lockFolder, { recursive: true }),
    ).pipe(
      Effect.andThen(lockRunFolder(lockFolder)),
    ),
  };
});

/** An open database with its blobs. */
export type Place = Effect.Success<ReturnType<typeof openPlace>>;
