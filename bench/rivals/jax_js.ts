/** jax-js on WebGPU: matrix products, and the training step of a small decoder. */
import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import { numbers, serve } from "./serve.ts";

await init("webgpu");
defaultDevice("webgpu");

// Its arrays are moved, not shared; the types do not say what a tree holds.
// deno-lint-ignore no-explicit-any
type Any = any;

const array = (count: ReadonlyArray<number>, factor: number, scale = 1): Any =>
  np.array(numbers(count.reduce((a, b) => a * b), factor, scale)).reshape([
    ...count,
  ]);

function matmul([m, k, n]: ReadonlyArray<number>) {
  const x = array([m!, k!], 7919);
  const w = array([n!, k!], 104729);
  const product = jit((a: Any, b: Any) => np.matmul(a, b.transpose())) as Any;
  return Promise.resolve({
    run: async (repeat: number) => {
      const all: Any[] = Array.from(
        { length: repeat },
        () => product(x.ref, w.ref),
      );
      await Promise.all(all.map((y) => y.blockUntilReady()));
      all.forEach((y) => y.dispose());
    },
    values: async () => [...(await product(x.ref, w.ref).data()).slice(0, 4)] as number[],
  });
}

function trainingStep(shape: ReadonlyArray<number>) {
  const [B, T, L, d, H, KV, ff, V] = shape as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  const hd = d / H;
  let factor = 7919;
  const P = (...s: number[]) => array(s, factor += 2, 0.03);
  const layer = () => ({
    n1: np.ones([d]),
    n2: np.ones([d]),
    wq: P(d, H * hd),
    wk: P(d, KV * hd),
    wv: P(d, KV * hd),
    wo: P(H * hd, d),
    bq: np.zeros([H * hd]),
    bk: np.zeros([KV * hd]),
    bv: np.zeros([KV * hd]),
    wg: P(d, ff),
    wu: P(d, ff),
    wd: P(ff, d),
  });
  let p: Any = {
    emb: P(V, d),
    nf: np.ones([d]),
    b: Array.from({ length: L }, layer),
  };
  const half = hd / 2;
  const angle = (i: number) => Math.floor(i / half) * 10000 ** (-(i % half) / half);
  const table = (f: (x: number) => number) =>
    np.array(Float32Array.from({ length: T * half }, (_, i) => f(angle(i))))
      .reshape([1, T, 1, half]);
  const [cos, sin] = [table(Math.cos), table(Math.sin)];
  const rms = (x: Any, g: Any) => {
    const ms = np.mean(np.square(x.ref), -1, { keepdims: true });
    return x.mul(np.reciprocal(np.sqrt(ms.add(1e-6)))).mul(g);
  };
  const rope = (x: Any) => {
    const [a, b] = np.split(x, 2, -1) as [Any, Any];
    const left = a.ref.mul(cos.ref).sub(b.ref.mul(sin.ref));
    return np.concatenate([left, b.mul(cos.ref).add(a.mul(sin.ref))], -1);
  };
  const loss = (p: Any, xs: Any, ys: Any) => {
    let x: Any = np.matmul(xs, p.emb.ref);
    for (const b of p.b) {
      const h = rms(x.ref, b.n1);
      const head = (w: Any, bias: Any, n: number) =>
        np.matmul(h.ref, w).add(bias).reshape([B, T, n, hd]);
      const q = rope(head(b.wq, b.bq, H));
      const k = rope(head(b.wk, b.bk, KV));
      const v = head(b.wv, b.bv, KV);
      const o = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([
        B * T,
        H * hd,
      ]);
      h.dispose();
      x = x.add(np.matmul(o, b.wo));
      const g = rms(x.ref, b.n2);
      const inner = nn.silu(np.matmul(g.ref, b.wg)).mul(np.matmul(g, b.wu));
      x = x.add(np.matmul(inner, b.wd));
    }
    const logits = np.matmul(rms(x, p.nf), p.emb.transpose());
    return np.sum(nn.logSoftmax(logits, -1).mul(ys)).mul(-1 / (B * T));
  };
  const gradient = valueAndGrad(loss as Any) as Any;
  const step = jit((p: Any, m: Any, v: Any, x: Any, y: Any) => {
    const [l, g] = gradient(tree.ref(p), x, y);
    const [lp, shape] = tree.flatten(p) as [Any[], Any];
    const [[lm], [lv], [lg]] = [
      tree.flatten(m),
      tree.flatten(v),
      tree.flatten(g),
    ] as Any;
    const next: [Any[], Any[], Any[]] = [[], [], []];
    lp.forEach((w, i) => {
      const mi = lm[i].mul(0.9).add(lg[i].ref.mul(0.1));
      const vi = lv[i].mul(0.999).add(np.square(lg[i]).mul(0.001));
      const move = mi.ref.div(np.sqrt(vi.ref).add(1e-8)).mul(1e-3);
      next[0].push(w.ref.sub(move).sub(w.mul(1e-5)));
      next[1].push(mi);
      next[2].push(vi);
    });
    return {
      p: tree.unflatten(shape, next[0]),
      m: tree.unflatten(shape, next[1]),
      v: tree.unflatten(shape, next[2]),
      l,
    };
  }) as Any;
  const zeros = () => tree.map((a: Any) => np.zeros(a.shape), tree.ref(p));
  let [m, v] = [zeros(), zeros()] as Any[];
  const oneHot = (shift: number) => {
    const data = new Float32Array(B * T * V);
    for (let i = 0; i < B * T; i++) data[i * V + ((i + shift) * 7919) % V] = 1;
    return np.array(data).reshape([B * T, V]) as Any;
  };
  const [x, y] = [oneHot(0), oneHot(1)];
  const once = async () => {
    const result = step(p, m, v, x.ref, y.ref);
    [p, m, v] = [result.p, result.m, result.v];
    return (await result.l.data())[0] as number;
  };
  return Promise.resolve({
    run: async (repeat: number) => {
      for (let i = 0; i < repeat; i++) await once();
    },
    values: async () => [await once()],
  });
}

await serve({ matmul, step: trainingStep });
