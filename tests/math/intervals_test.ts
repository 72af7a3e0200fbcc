import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  bootstrapClusters,
  bootstrapMean,
  detectable,
  holm,
  mcnemar,
  meanInterval,
  pairedDifference,
  passAt,
  studentInterval,
  wilson,
} from "../../src/math/intervals.ts";
import { createRandom } from "../../src/math/random.ts";
import { mean } from "../../src/math/statistics.ts";
import { keyFromSeed } from "../../src/math/threefry.ts";
import { assertClose } from "../support/comparison.ts";

/** How often an interval of a drawn sample holds the truth. */
function coverage(trials: number, holds: (random: ReturnType<typeof createRandom>) => boolean) {
  const random = createRandom(keyFromSeed(7));
  let held = 0;
  for (let i = 0; i < trials; i++) held += holds(random) ? 1 : 0;
  return held / trials;
}

Deno.test("wilson() holds the true share in 95 of 100 draws, for shares near 0 too", () => {
  for (const [share, n] of [[0.5, 100], [0.1, 125], [0.02, 200], [0.9, 50]] as const) {
    const found = coverage(2000, (random) => {
      let k = 0;
      for (let i = 0; i < n; i++) k += random.next() < share ? 1 : 0;
      const [low, high] = wilson(k, n);
      return low <= share && share <= high;
    });
    ok(found > 0.92 && found < 0.985, `${share} of ${n}: ${found}`);
  }
});

Deno.test("bootstrapMean() of questions that are averaged over their samples holds the mean in about 95 of 100 draws", () => {
  const found = coverage(150, (random) => {
    const [low, high] = bootstrapMean(clustered(random, 60, 4), random.int(1000));
    return low <= 0.5 && 0.5 <= high;
  });
  ok(found > 0.89 && found < 0.99, `${found}`);
});

Deno.test("bootstrapClusters() of a mean is bootstrapMean() of the clusters' means, where clusters are equally large", () => {
  const random = createRandom(keyFromSeed(3));
  const clusters = Array.from({ length: 12 }, () => {
    const own = random.next();
    return Float64Array.from({ length: 5 }, () => own + random.next());
  });
  // The values of a cluster do not stand together.
  const values = [0, 1, 2, 3, 4].flatMap((sample) => clusters.map((cluster) => cluster[sample]!));
  const found = bootstrapClusters(
    values.map((_, place) => `question ${place % 12}`),
    (places) => mean(Float64Array.from(places, (place) => values[place]!)),
  );
  assertClose(found, bootstrapMean(Float64Array.from(clusters, mean)), { atol: 1e-12 });
});

Deno.test("bootstrapClusters() counts four equal values of a cluster as one", () => {
  const random = createRandom(keyFromSeed(4));
  const drawn = Array.from({ length: 30 }, () => random.next());
  const values = drawn.flatMap((value) => [value, value, value, value]);
  const width = (clusterOf: (place: number) => number) => {
    const [low, high] = bootstrapClusters(
      values.map((_, place) => String(clusterOf(place))),
      (places) => mean(Float64Array.from(places, (place) => values[place]!)),
    );
    return high - low;
  };
  // The interval is twice as wide as if they were independent.
  assertClose([width((place) => Math.floor(place / 4)) / width((place) => place)], [2], {
    atol: 0.15,
  });
});

Deno.test("holm() rarely lets any of ten true nulls below 0.05, and keeps the order of p values", () => {
  const anyShown = coverage(2000, (random) => {
    const raw = Array.from({ length: 10 }, () => random.next());
    return holm(raw).some((p) => p < 0.05);
  });
  ok(anyShown > 0.03 && anyShown < 0.07, `${anyShown}`);
  deepStrictEqual(holm([0.5, 0.02, 0.9]), [1, 0.06, 1]);
  deepStrictEqual(holm([0.03]), [0.03]);
});

/** Means over samples of questions that each have a share of their own, uniform: samples of one question are alike. */
const clustered = (random: ReturnType<typeof createRandom>, questions: number, samples: number) =>
  Float64Array.from({ length: questions }, () => {
    const share = random.next();
    let right = 0;
    for (let i = 0; i < samples; i++) right += random.next() < share ? 1 : 0;
    return right / samples;
  });

Deno.test("meanInterval() of few questions holds the mean in 95 of 100 draws or more", () => {
  for (const questions of [3, 10, 29]) {
    const found = coverage(2000, (random) => {
      const [low, high] = meanInterval(clustered(random, questions, 4));
      return low <= 0.5 && 0.5 <= high;
    });
    ok(found > 0.94, `${questions}: ${found}`);
  }
});

Deno.test("studentInterval() of questions that are averaged over their samples holds the mean in 95 of 100 draws", () => {
  for (const questions of [4, 12, 60]) {
    const found = coverage(2000, (random) => {
      const [low, high] = studentInterval(clustered(random, questions, 4))!;
      return low <= 0.5 && 0.5 <= high;
    });
    ok(found > 0.93 && found < 0.97, `${questions}: ${found}`);
  }
});

Deno.test("studentInterval() that takes the samples of a question for questions would hold the mean too seldom", () => {
  const found = coverage(2000, (random) => {
    const samples = [...clustered(random, 20, 4)].flatMap((share) =>
      Array.from({ length: 4 }, (_, i) => Number(i < 4 * share))
    );
    const [low, high] = studentInterval(Float64Array.from(samples))!;
    return low <= 0.5 && 0.5 <= high;
  });
  ok(found < 0.9, `${found}`);
});

Deno.test("pairedDifference() holds the true difference in about 95 of 100 draws", () => {
  const found = coverage(150, (random) => {
    const first = Float64Array.from({ length: 80 }, () => random.next());
    const second = first.map((value) => Math.max(0, value - 0.2 * random.next()));
    // E[min(x, 0.2 u)] for x, u uniform is 0.1 - 0.04 / 6.
    const [low, high] = pairedDifference(first, second).interval;
    const truth = 0.1 - 0.04 / 6;
    return low <= truth && truth <= high;
  });
  ok(found > 0.89 && found < 0.995, `${found}`);
});

Deno.test("a true difference as large as detectable() is shown in about 80 of 100 draws", () => {
  const [n, deviation] = [100, 0.3];
  const truth = detectable(deviation, n, "paired");
  const shown = coverage(150, (random) => {
    // Uniform with this standard deviation.
    const noise = () => (random.next() - 0.5) * deviation * Math.sqrt(12);
    const first = Float64Array.from({ length: n }, () => truth + noise());
    return pairedDifference(first, new Float64Array(n)).interval[0] > 0;
  });
  ok(shown > 0.68 && shown < 0.92, `${shown}`);
});

Deno.test("a true difference as large as detectable() of two agents apart is shown in about 80 of 100 draws", () => {
  const [n, deviation] = [200, 0.5];
  const truth = detectable(deviation, n, "apart");
  const shown = coverage(2000, (random) => {
    // Right or wrong, with the largest deviation that there is between 0 and 1.
    const right = (share: number) => {
      let k = 0;
      for (let i = 0; i < n; i++) k += random.next() < share ? 1 : 0;
      return k / n;
    };
    const [better, worse] = [right(0.5 + truth / 2), right(0.5 - truth / 2)];
    const variance = better * (1 - better) + worse * (1 - worse);
    return better - worse > 1.96 * Math.sqrt(variance / n);
  });
  ok(shown > 0.77 && shown < 0.85, `${shown}`);
});

Deno.test("mcnemar() is the exact two-sided binomial test", () => {
  strictEqual(mcnemar(0, 0), 1);
  strictEqual(mcnemar(5, 5), 1);
  strictEqual(mcnemar(0, 5), 2 / 32);
  ok(Math.abs(mcnemar(2, 10) - 2 * (1 + 12 + 66) / 4096) < 1e-12);
  ok(mcnemar(400, 600) < 1e-9 && mcnemar(4000, 4010) > 0.9);
});

Deno.test("passAt() is the share of draws of k out of n answers with a right one", () => {
  strictEqual(passAt(1, 2, 4), 0.5);
  ok(Math.abs(passAt(2, 2, 4) - 5 / 6) < 1e-12);
  strictEqual(passAt(4, 1, 4), 1);
  strictEqual(passAt(3, 0, 5), 0);
});
