/** In a page the browser has chosen the driver. */
import { Effect } from "effect";

export const chooseDriver = () => Effect.succeed("user's" as const);
