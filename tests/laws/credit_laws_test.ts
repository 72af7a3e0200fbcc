import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { groupAdvantages } from "../../src/igpo/advantages.ts";
import { PRESETS } from "../../src/igpo/presets.ts";
import { adaptiveClipScale, discountedReturns, rescaledCredit } from "../../src/igpo/returns.ts";
import { keyFromSeed, splitKey, uniform } from "../../src/math/threefry.ts";
import { assertClose } from "../support/comparison.ts";
import { gamma, group, mixture, real } from "./arbitraries.ts";
import { law } from "./support.ts";

const row = fc.array(real(-5, 5), { minLength: 1, maxLength: 8 })
  .map((list) => Float64Array.from(list));
const STRENGTH = PRESETS.a2tgpo!.clip.adaptive;

Deno.test("law 21: gamma 0 leaves rewards, gamma 1 gives suffix sums, the last is its reward", () => {
  law(0.15, fc.tuple(row, gamma), ([reward, rate]) => {
    assertClose(discountedReturns(reward, 0), reward, { atol: 0 });
    const suffixes = reward.map((_, t) => reward.slice(t).reduce((a, b) => a + b, 0));
    assertClose(discountedReturns(reward, 1), suffixes, { atol: 1e-12 });
    assertClose([discountedReturns(reward, rate).at(-1)!], [reward.at(-1)!], { atol: 0 });
    return reward.length > 2 && rate > 0 && rate < 1;
  });
});

Deno.test("law 39: clip scales lie in (0.7, 1.3), are 1 at 0, rise with z and mirror (a2tgpo)", () => {
  const z = mixture([-15, 15], [-2, 2]);
  const scale = (value: number) => adaptiveClipScale(Float64Array.of(value, 0), STRENGTH)[0]!;
  law(0.06, fc.tuple(z, z), ([left, right]) => {
    ok(scale(left) > 0.7 && scale(left) < 1.3);
    assertClose([scale(left) + scale(-left)], [2], { atol: 1e-12 });
    ok(left > right || scale(left) <= scale(right));
    return left < right && Math.abs(left) < 3;
  });
  strictEqual(scale(0), 1);
});

Deno.test("law 39: the answer turn's clip scale is 1, and so is that of a turn only one rollout has", () => {
  law(0.2, group, (rollouts) => {
    groupAdvantages(rollouts, PRESETS.a2tgpo!).forEach(({ clipScale }, i) => {
      strictEqual(clipScale.at(-1), 1);
      rollouts[i]!.gain.forEach((_, t) => {
        const peers = rollouts.filter(({ gain }) => gain.length > t).length;
        ok(peers > 1 || clipScale[t] === 1);
      });
    });
    return rollouts.some(({ gain }) =>
      rollouts.filter((other) => other.gain.length >= gain.length).length === 1
    );
  });
});

/** Normal numbers by Box-Muller from the counter-based generator. */
function normals(count: number, episode: number): Float64Array {
  const key = splitKey(keyFromSeed(40), episode);
  return Float64Array.from({ length: count }, (_, t) => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform(key, 2 * t)));
    return radius * Math.cos(2 * Math.PI * uniform(key, 2 * t + 1));
  });
}

Deno.test("law 40: rescaled sums of iid unit gains have variance near 1 at every turn, plain sums do not", () => {
  const episodes = 4000;
  const turns = 6;
  const rescaled = new Float64Array(turns);
  const plain = new Float64Array(turns);
  for (let episode = 0; episode < episodes; episode++) {
    const gains = normals(turns, episode);
    const credit = rescaledCredit(Float64Array.of(...gains, 0), { gamma: 1, alpha: 1 });
    discountedReturns(gains, 1).forEach((sum, t) => {
      rescaled[t]! += credit[t]! ** 2 / episodes;
      plain[t]! += sum ** 2 / episodes;
    });
  }
  // The variance of 4000 squares has a standard error of sqrt(2 / 4000) = 0.022.
  assertClose(rescaled, new Float64Array(turns).fill(1), { atol: 0.1 });
  assertClose(plain, [6, 5, 4, 3, 2, 1], { atol: 0.6 });
});
