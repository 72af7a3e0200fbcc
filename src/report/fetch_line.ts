import { bar } from "./style.ts";

/** A file on its way. */
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

/** `440 B`, `11.2 kB`, `988 MB`, `4.9 GB`, in powers of 1000 as the Hub says them. */
export function inBytes(bytes: number): string {
  const power = Math.min(4, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  if (power === 0) return `${bytes} B`;
  const value = bytes / 1000 ** power;
  return `${value.toFixed(value < 99.5 ? 1 : 0)} ${["", "kB", "MB", "GB", "TB"][power]}`;
}
