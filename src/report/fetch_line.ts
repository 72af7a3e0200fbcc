import { inBytes } from "../domain/bytes.ts";
import { bar } from "./style.ts";

/** A file that is being fetched. */
export interface FetchedFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** `model.safetensors  ██████████░░░░░░░░░░░░░░  412 MB of 988 MB`. */
export function fetchLine({ name, size }: FetchedFile, bytes: number): string {
  return `${name}  ${bar(bytes, size)}  ${inBytes(bytes)} of ${inBytes(size)}`;
}

/** `Fetched model.safetensors, 988 MB`. */
export function fetchedLine({ name, size }: FetchedFile): string {
  return `Fetched ${name}, ${inBytes(size)}`;
}
