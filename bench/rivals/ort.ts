/** ONNX Runtime Web on WebGPU: matrix products, and one decoding step of a small decoder (without RoPE and sampling). */
import onnx from "onnx-proto";
import * as ort from "onnxruntime-web/webgpu";
import { numbers, serve } from "./serve.ts";

ort.env.logLevel = "error";

type Shape = ReadonlyArray<number>;
const FLOAT = 1;
const INT64 = 7;

/** A graph under construction; names of tensors are its edges. */
function createGraph() {
  const graph = new onnx.onnx.GraphProto({ name: "graph" });
  const declared = (name: string, shape: Shape) => ({
    name,
    type: {
      tensorType: {
        elemType: FLOAT,
        shape: { dim: shape.map((n) => ({ dimValue: n })) },
      },
    },
  });
  const tensor = (
    name: string,
    type: number,
    dims: Shape,
    data: Float32Array | BigInt64Array,
  ) => {
    const rawData = new Uint8Array(data.buffer);
    graph.initializer.push(
      onnx.onnx.TensorProto.create({
        name,
        dataType: type,
        dims: [...dims],
        rawData,
      }),
    );
    return name;
  };
  return {
    input: (name: string, shape: Shape) => {
      graph.input.push(
        onnx.onnx.ValueInfoProto.fromObject(declared(name, shape)),
      );
      return name;
    },
    output: (name: string, shape: Shape) => {
      graph.output.push(
        onnx.onnx.ValueInfoProto.fromObject(declared(name, shape)),
      );
    },
    floats: (name: string, dims: Shape, data: Float32Array) => tensor(name, FLOAT, dims, data),
    integers: (name: string, values: Shape) =>
      tensor(name, INT64, [values.length], BigInt64Array.from(values, BigInt)),
    node: (
      opType: string,
      input: string[],
      output: string | string[],
      attributes: Readonly<Record<string, number | number[]>> = {},
    ) => {
      const outputs = [output].flat();
      const attribute = Object.entries(attributes).map(([name, value]) =>
        Array.isArray(value) ? { name, type: 7, ints: value } : { name, type: 2, i: value }
      );
      graph.node.push(
        onnx.onnx.NodeProto.fromObject({
          opType,
          input,
          output: outputs,
          attribute,
        }),
      );
      return outputs[0]!;
    },
    session: async () => {
      const model = onnx.onnx.ModelProto.create({
        irVersion: 8,
        opsetImport: [{ domain: "", version: 17 }],
        graph,
      });
      const bytes = onnx.onnx.ModelProto.encode(model).finish();
      return await ort.InferenceSession.create(bytes, {
        executionProviders: ["webgpu"],
        preferredOutputLocation: "gpu-buffer",
      });
    },
  };
}

async function prepared(
  session: ort.InferenceSession,
  feeds: Record<string, ort.Tensor>,
  result: string,
) {
  const once = () => session.run(feeds);
  const release = (outputs: ort.InferenceSession.OnnxValueMapType) => {
    for (const tensor of Object.values(outputs)) {
      (tensor as ort.Tensor).dispose();
    }
  };
  release(await once());
  return {
    run: async (repeat: number) => {
      for (let i = 0; i < repeat; i++) release(await once());
      const device = await ort.env.webgpu.device as GPUDevice;
      await device.queue.onSubmittedWorkDone();
    },
    values: async () => {
      const outputs = await once();
      const data = await (outputs[result] as ort.Tensor)
        .getData() as Float32Array;
      return [...data.slice(0, 4)];
    },
  };
}

async function matmul([m, k, n]: Shape) {
  const graph = createGraph();
  graph.input("x", [m!, k!]);
  // The weight as a constant, K by N: the layout it likes.
  const w = numbers(n! * k!, 104729);
  const turned = Float32Array.from(
    { length: k! * n! },
    (_, i) => w[(i % n!) * k! + Math.floor(i / n!)]!,
  );
  graph.floats("w", [k!, n!], turned);
  graph.node("MatMul", ["x", "w"], "y");
  graph.output("y", [m!, n!]);
  const x = new ort.Tensor("float32", numbers(m! * k!, 7919), [m!, k!]);
  return await prepared(await graph.session(), { x }, "y");
}

async function decode([B, P, L, d, H, KV, ff, V]: Shape) {
  const [batch, past, heads, kv, width] = [B!, P!, H!, KV!, d! / H!];
  const g = createGraph();
  let factor = 7919;
  const W = (name: string, ...dims: number[]) =>
    g.floats(
      name,
      dims,
      numbers(dims.reduce((a, b) => a * b), factor += 2, 0.03),
    );
  g.floats("eps", [1], Float32Array.of(1e-6));
  g.floats("scale", [1], Float32Array.of(1 / Math.sqrt(width)));
  g.integers("query shape", [batch, kv, heads / kv, width]);
  g.integers("key shape", [batch, kv, 1, width]);
  g.integers("row shape", [batch, d!]);
  g.integers("qkv split", [heads * width, kv * width, kv * width]);
  g.integers("ff split", [ff!, ff!]);
  const norm = (x: string, p: string) => {
    g.node("Mul", [x, x], `${p} squares`);
    g.node("ReduceMean", [`${p} squares`], `${p} mean`, {
      axes: [-1],
      keepdims: 1,
    });
    g.node("Add", [`${p} mean`, "eps"], `${p} moved`);
    g.node("Sqrt", [`${p} moved`], `${p} root`);
    g.node("Div", [x, `${p} root`], `${p} unit`);
    return g.node("Mul", [`${p} unit`, W(`${p} weight`, d!)], `${p} normed`);
  };
  const feeds: Record<string, ort.Tensor> = {};
  const feed = (name: string, dims: Shape, scale: number) => {
    const data = numbers(dims.reduce((a, b) => a * b), 104729, scale);
    feeds[name] = new ort.Tensor("float32", data, dims);
    return g.input(name, dims);
  };
  let x = feed("x", [batch, d!], 1);
  for (let l = 0; l < L!; l++) {
    const n = (name: string) => `${l} ${name}`;
    const pastKey = feed(n("past key"), [batch, kv, past, width], 0.1);
    const pastValue = feed(n("past value"), [batch, kv, past, width], 0.1);
    g.node("MatMul", [
      norm(x, n("first")),
      W(n("wqkv"), d!, (heads + 2 * kv) * width),
    ], n("qkv"));
    g.node("Split", [n("qkv"), "qkv split"], [n("q"), n("k"), n("v")], {
      axis: 1,
    });
    g.node("Reshape", [n("q"), "query shape"], n("query"));
    g.node("Reshape", [n("k"), "key shape"], n("new key"));
    g.node("Reshape", [n("v"), "key shape"], n("new value"));
    g.node("Concat", [pastKey, n("new key")], n("key"), { axis: 2 });
    g.node("Concat", [pastValue, n("new value")], n("value"), { axis: 2 });
    g.node("Transpose", [n("key")], n("turned"), { perm: [0, 1, 3, 2] });
    g.node("MatMul", [n("query"), n("turned")], n("scores"));
    g.node("Mul", [n("scores"), "scale"], n("scaled"));
    g.node("Softmax", [n("scaled")], n("weights"), { axis: 3 });
    g.node("MatMul", [n("weights"), n("value")], n("heads"));
    g.node("Reshape", [n("heads"), "row shape"], n("rows"));
    g.node("MatMul", [n("rows"), W(n("wo"), d!, d!)], n("attended"));
    g.node("Add", [x, n("attended")], n("middle"));
    g.node(
      "MatMul",
      [norm(n("middle"), n("second")), W(n("wgu"), d!, 2 * ff!)],
      n("gu"),
    );
    g.node("Split", [n("gu"), "ff split"], [n("gate"), n("up")], { axis: 1 });
    g.node("Sigmoid", [n("gate")], n("sigmoid"));
    g.node("Mul", [n("gate"), n("sigmoid")], n("silu"));
    g.node("Mul", [n("silu"), n("up")], n("inner"));
    g.node("MatMul", [n("inner"), W(n("wd"), ff!, d!)], n("down"));
    x = g.node("Add", [n("middle"), n("down")], n("out"));
    g.output(n("key"), [batch, kv, past + 1, width]);
    g.output(n("value"), [batch, kv, past + 1, width]);
  }
  g.node("MatMul", [norm(x, "last"), W("head", d!, V!)], "logits");
  g.output("logits", [batch, V!]);
  return await prepared(await g.session(), feeds, "logits");
}

await serve({ matmul, decode });
