/** Seeded changes to files, to bytes and to the values of JSON. */
import { createRandom, type RandomStream } from "../../src/math/random.ts";
import { hashString, keyFromSeed, splitKey } from "../../src/math/threefry.ts";

/** The draws of one mutation: the same for the same reader and number. */
export function randomOf(reader: string, number: number): RandomStream {
  return createRandom(splitKey(splitKey(keyFromSeed(number), hashString(reader)), 0));
}

/** A copy of a seed with one to four changes; a seed of JSON lines or JSON is sometimes changed in its values. */
export function mutated(seed: Uint8Array, random: RandomStream, isJson: boolean): Uint8Array {
  let bytes = seed;
  for (let changes = 1 + random.int(4); changes > 0; changes--) {
    bytes = isJson && random.int(4) > 0 ? changeJson(bytes, random) : changeBytes(bytes, random);
  }
  return bytes;
}

const LITTLE_ENDIAN = true;

/** Numbers at which integers of some width turn over. */
const EDGES = [
  0,
  1,
  0x7f,
  0x80,
  0xff,
  0x7fff,
  0x8000,
  0xffff,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_ffff,
];

function changeBytes(seed: Uint8Array, random: RandomStream): Uint8Array {
  const bytes = seed.slice();
  // Draws are below 2^20.
  const at = random.int(Math.min(bytes.length, 1 << 20) + 1);
  const length = 1 + random.int(16);
  switch (Math.max(0, random.int(12) - 6)) {
    case 0: // a bit, mostly: what moves all that follows is soon found out
      if (at < bytes.length) bytes[at]! ^= 1 << random.int(8);
      return bytes;
    case 1: // a byte
      if (at < bytes.length) bytes[at] = random.int(256);
      return bytes;
    case 2: // an integer
      if (at + 4 <= bytes.length) {
        new DataView(bytes.buffer).setUint32(at, random.pick(EDGES), LITTLE_ENDIAN);
      }
      return bytes;
    case 3: // the end
      return bytes.slice(0, at);
    case 4: // some bytes
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    default: { // some bytes again, elsewhere
      const from = random.int(bytes.length + 1);
      return joined(
        bytes.subarray(0, at),
        bytes.subarray(from, from + 4 * length),
        bytes.subarray(at),
      );
    }
  }
}

function joined(...parts: ReadonlyArray<Uint8Array>): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const nested = (depth: number): unknown => depth === 0 ? 0 : [nested(depth - 1)];

/** Values that stand where others are expected. */
const VALUES: ReadonlyArray<() => unknown> = [
  () => null,
  () => -1,
  () => 0,
  () => 0.5,
  () => 1e308,
  () => -1e308,
  () => 2 ** 40,
  () => 2 ** 53,
  () => "",
  () => "NaN",
  () => "constructor",
  () => "\u0000\u001b[31m\u202e\ud800",
  () => "x".repeat(100_000),
  () => true,
  () => [],
  () => ({}),
  () => ({ a: [{ b: null }] }),
  () => nested(50),
  () => nested(3000),
  () => Array(10_000).fill(0),
];
const KEYS = ["__proto__", "constructor", "toString", "length", "extra", "", "name"];

/** A place in a value: the object or list, and the key of the part in it. */
interface Place {
  readonly within: Record<string, unknown>;
  readonly key: string;
}

/** Changes one value of one line. */
function changeJson(seed: Uint8Array, random: RandomStream): Uint8Array {
  const lines = new TextDecoder().decode(seed).split("\n");
  const whole = random.int(lines.length);
  // A pretty file is one value; a file of lines has one in each.
  const [text, isLine] = isValue(lines[whole]!) ? [lines[whole]!, true] : [lines.join("\n"), false];
  if (!isValue(text)) return changeBytes(seed, random);
  const root: Record<string, unknown> = { value: JSON.parse(text) };
  changePlace(random.pick(placesOf(root)), random);
  const changed = textOf(root["value"]);
  return new TextEncoder().encode(isLine ? lines.with(whole, changed).join("\n") : changed);
}

function isValue(text: string): boolean {
  try {
    JSON.parse(text);
    return text.trim().length > 1;
  } catch {
    return false;
  }
}

/** The text of a value; one that nests too deep for JSON.stringify is written by hand. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return `${"[".repeat(3000)}0${"]".repeat(3000)}`;
  }
}

/** Some places of a value, as many on each level: a vocabulary must not hide what stands beside it. */
function placesOf(root: Record<string, unknown>): ReadonlyArray<Place> {
  const places: Array<Place> = [];
  const visit = (within: Record<string, unknown>, depth: number) => {
    if (depth > 60) return;
    const keys = Object.keys(within);
    const step = Math.max(1, Math.floor(keys.length / 40));
    for (let i = 0; i < keys.length; i += step) {
      const key = keys[i]!;
      places.push({ within, key });
      const value = within[key];
      if (typeof value === "object" && value !== null) visit(value as typeof within, depth + 1);
    }
  };
  visit(root, 0);
  return places;
}

function changePlace({ within, key }: Place, random: RandomStream): void {
  const value = within[key];
  switch (random.int(6)) {
    case 0:
      if (Array.isArray(within)) within.splice(Number(key), 1);
      else delete within[key];
      return;
    case 1: // again, under another key
      if (Array.isArray(within)) within.push(value);
      else {Object.defineProperty(within, random.pick(KEYS), {
          value,
          enumerable: true,
          writable: true,
          configurable: true,
        });}
      return;
    case 2:
      if (typeof value === "number") within[key] = value * random.pick([-1, 0, 2, 1e9, 1e-9]);
      else if (typeof value === "string") within[key] = value + random.pick(["", " ", "\n", value]);
      return;
    case 3: // what stands elsewhere
      within[key] = structuredClone(within[random.pick(Object.keys(within))]);
      return;
    default:
      within[key] = random.pick(VALUES)();
  }
}
