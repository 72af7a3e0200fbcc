/** What a page and the worker that credits its reader's traces say to each other. */
import type { Device } from "../domain/flags.ts";
import type { TraceTable } from "../report/credit_table.ts";
import type { GivenFile } from "./given_files.ts";

/** What is to be credited, and by what. */
export interface CreditOptions {
  readonly kind: "credit";
  /** Name of the preset whose gains are computed. */
  readonly preset: string;
  readonly device: Device;
  readonly traces: ReadonlyArray<GivenFile>;
  /** The files of a model in the layout of the Hugging Face hub; null for the built-in one. */
  readonly model: ReadonlyArray<GivenFile> | null;
}

/** What such a worker tells the page. */
export type CreditTell =
  | { readonly kind: "progress"; readonly words: string }
  /** What was recovered, lost and refused, as lines of text. */
  | { readonly kind: "imported"; readonly table: string }
  | { readonly kind: "credited"; readonly trace: TraceTable }
  | { readonly kind: "done"; readonly words: string }
  | { readonly kind: "failed"; readonly message: string };
