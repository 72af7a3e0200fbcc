import { LIMITS } from "./limits.ts";

/** The value of JSON from outside; throws for other text and for values that nest too deep. A byte-order mark is left out. */
export function parseJson(text: string): unknown {
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (depthOf(source) > LIMITS.jsonDepth) {
    throw new SyntaxError(`it must nest at most ${LIMITS.jsonDepth} deep`);
  }
  return JSON.parse(source);
}

/** How deep arrays and objects nest. */
function depthOf(source: string): number {
  let [depth, most] = [0, 0];
  let isString = false;
  for (let i = 0; i < source.length; i++) {
    switch (source.charCodeAt(i)) {
      case 0x22: // "
        isString = !isString;
        break;
      case 0x5c: // \, only in strings
        i += 1;
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (!isString) most = Math.max(most, ++depth);
        break;
      case 0x5d: // ]
      case 0x7d: // }
        if (!isString) depth -= 1;
    }
  }
  return most;
}
