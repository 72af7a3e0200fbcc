import assert from "node:assert/strict";
import { Effect } from "effect";
import {
  makeShaderDataDefinitions,
  type StructDefinition,
  type TypeDefinition,
} from "webgpu-utils";
import { decodeValues, encodeValues } from "../../src/model/formats.ts";
import { kernelNamed, KERNELS } from "../../src/gpu/kernels.ts";
import { withTraits } from "../../src/gpu/device.ts";
import { createGpuEngine } from "../../src/gpu/engine.ts";
import {
  type Bound,
  FAMILIES,
  FORM_OF,
  type KernelName,
  type RunSizes,
  suitsSubgroups,
} from "../../src/gpu/launches.ts";
import { setConstants } from "../../src/gpu/straight_line.ts";
import { decodeProgram } from "../../src/model/decode.ts";
import { programBytes } from "../../src/model/memory.ts";
import { type OpKind, OPS, recordOf } from "../../src/model/ops/registry.ts";
import { logProbProgram } from "../../src/model/programs.ts";
import { PLAIN_LOOPS } from "../../src/reference/interpreter.ts";
import { workgroupWidth } from "../support/counting_device.ts";
import { device, onWgsl } from "../support/engines.ts";
import { floats, type OpCase, overwritten, runOp } from "../support/op_cases.ts";
import { readThroughTextures } from "../../src/gpu/texture_form.ts";
import { inFloat32 } from "../support/plans.ts";
import { roomFor, TINY } from "../support/tiny_models.ts";

const ROOT = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
const NAMES = Object.keys(KERNELS) as KernelName[]; // the registry has a kernel for each name
const KINDS = Object.keys(OPS) as OpKind[]; // the records are by kind
const FORMS: Readonly<Partial<Record<KernelName, OpKind>>> = FORM_OF;

/** The op that a kernel carries out. */
const opOf = (name: KernelName): OpKind => FORMS[name] ?? (name as OpKind); // others are called as their op

/** Kernels that only adapters with subgroups get. */
const BY_SUBGROUPS: ReadonlyArray<KernelName> = [
  "attention_subgroup_forward",
  "attention_subgroup_query_backward",
  "attention_subgroup_key_backward",
  "linear_row_forward",
  "linear_subgroup_weight_backward",
];

function isStruct(type: TypeDefinition): type is StructDefinition {
  return "fields" in type;
}

/** The reference and the test that the header of a kernel names. */
function headerOf(kernel: KernelName) {
  const header = read(`shaders/${kernel}.wgsl`).split("\nstruct Dims")[0]!;
  const found = /Reference: (\S+) (\w+)\. Test: (\S+)\./.exec(header.replaceAll("\n// ", " "));
  assert.ok(found !== null, `${kernel}.wgsl names its reference and its test`);
  const [, file, name, test] = found;
  return { file: file!, name: name!, test: test! };
}

Deno.test("every op has a plain loop, a kernel file, and an entry point of its name", () => {
  for (const kind of KINDS) assert.ok(kind in KERNELS && kind in PLAIN_LOOPS, kind);
  const files = Array.from(Deno.readDirSync(new URL("shaders", ROOT)), ({ name }) => name)
    .filter((name) => name.endsWith(".wgsl"));
  assert.deepEqual(files.sort(), NAMES.map((name) => `${name}.wgsl`).sort());
  for (const name of NAMES) {
    const { entryPoints } = makeShaderDataDefinitions(KERNELS[name].code);
    assert.deepEqual(Object.keys(entryPoints), [name]);
  }
});

Deno.test("every kernel names a reference that exists and a test that speaks of it", () => {
  for (const kind of NAMES) {
    const { file, name, test } = headerOf(kind);
    assert.match(read(file), new RegExp(`export const ${name}: PlainLoop`), kind);
    assert.match(read(test), new RegExp(`\\b${kind}\\b`), `${test} tests ${kind}`);
  }
});

Deno.test("shaders/README.md has one row for each kernel, with its reference and test", () => {
  const rows = read("shaders/README.md").split("\n").filter((line) => /^\| \[`/.test(line));
  assert.equal(rows.length, NAMES.length);
  for (const kind of NAMES) {
    const row = rows.find((line) => line.startsWith(`| [\`${kind}\`](${kind}.wgsl) `));
    const { file, name, test } = headerOf(kind);
    assert.ok(row?.includes(`[\`${name}\`](../${file})`), `${kind}: ${name} of ${file}`);
    assert.ok(row?.includes(`](../${test})`), `${kind}: ${test}`);
  }
});

Deno.test("every kernel's Dims are u32 and f32 fields of one uniform struct", () => {
  for (const kind of NAMES) {
    const { uniforms } = makeShaderDataDefinitions(KERNELS[kind].code);
    assert.deepEqual(Object.keys(uniforms), ["dims"], kind);
    const struct = uniforms["dims"]!.typeDefinition;
    assert.ok(isStruct(struct), kind);
    for (const [name, { type }] of Object.entries(struct.fields)) {
      assert.ok("type" in type && (type.type === "u32" || type.type === "f32"), `${kind} ${name}`);
    }
  }
});

/** Names in one spelling, as TypeScript has `dKeyValue` and WGSL `d_key_value`. */
const plain = (names: ReadonlyArray<string>) =>
  names.map((name) => name.replaceAll("_", "").toLowerCase());

Deno.test("every kernel binds the tensors that the record of its op names, in their order", () => {
  for (const name of NAMES) {
    const all = [...KERNELS[name].code.matchAll(
      /^@group\(0\) @binding\((\d+)\) var<storage, (read|read_write)> (\w+):/gm,
    )];
    // Kernels that carry out an op together hand on partials, and each binds what it needs.
    const isPart = KERNELS[name].partBytes !== undefined;
    const bindings = all.slice(0, isPart ? -1 : all.length);
    assert.equal(all.at(-1)![3] === "partials", isPart, name);
    assert.deepEqual(bindings.map(([, at]) => Number(at)), bindings.map((_, i) => i + 1), name);
    const bound = (access: string) =>
      plain(bindings.filter((binding) => binding[2] === access).map((binding) => binding[3]!));
    const { inputs, optional = [], outputs } = recordOf({ kind: opOf(name) });
    const read = bound("read");
    if (isPart) {
      const written = bound("read_write");
      assert.deepEqual(read, plain(inputs).filter((one) => read.includes(one)), name);
      assert.deepEqual(written, plain(outputs).filter((one) => written.includes(one)), name);
      continue;
    }
    assert.deepEqual(read, plain([...inputs, ...optional]).slice(0, read.length), name);
    // Forms may leave out the last inputs.
    assert.ok(read.length >= inputs.length || name in FORM_OF, name);
    assert.deepEqual(bound("read_write"), plain(outputs), name);
  }
});

Deno.test("every input that a kernel asks to read through textures is one that can be", () => {
  const dims = { rows: 128, inner: 36, features: 20, cols: 36, outCols: 20, headDim: 8, heads: 4 };
  const bound = { ...dims, keyValueHeads: 2, elements: 64, stride: 256, unique: 3 };
  let count = 0;
  for (const name of NAMES) {
    const { inputs, optional = [] } = recordOf({ kind: opOf(name) });
    const all = [...inputs, ...optional];
    const asked = kernelNamed(name).textures?.(bound) ?? [];
    const code = readThroughTextures(KERNELS[name].code, asked.map((one) => all.indexOf(one) + 1));
    assert.equal(code.split("texture_storage_2d<").length - 1, asked.length);
    count += asked.length;
  }
  assert.ok(count >= 40, `${count} inputs were looked at`);
});

Deno.test("kernels that read weights in any format read the input w so, and no others do", () => {
  // An op may be several kernels, and those that join parts read no weight.
  const readers = new Set(
    NAMES.filter((name) => KERNELS[name].code.includes("load_weight(")).map(opOf),
  );
  for (const name of NAMES) {
    const kind = opOf(name);
    assert.equal(recordOf({ kind }).inputs.includes("w"), readers.has(kind), name);
  }
});

/** Fields of the `Dims` of a kernel that its launches do not set, and the sizes that its launches read. */
function sizesOf(name: KernelName) {
  const asked = new Set<string>();
  const dims = new Proxy<Bound>({}, { get: (_, field) => (asked.add(String(field)), 64) });
  const traits = { workgroupBytes: 32768, maxInvocations: 1024, cores: 2, subgroup: 8 } as const;
  const { launches, trips, textures } = kernelNamed(name);
  trips?.(dims);
  textures?.(dims);
  const set = launches(dims, { ...traits, family: "lines" }).flatMap(({ dims = {} }) =>
    Object.keys(dims)
  );
  const struct = makeShaderDataDefinitions(KERNELS[name].code).uniforms["dims"]!.typeDefinition;
  assert.ok(isStruct(struct), name);
  const fields = Object.keys(struct.fields);
  // The host sets `firstRow`, the first row of the weight that it binds.
  return { asked, fields: fields.filter((field) => field !== "firstRow" && !set.includes(field)) };
}

Deno.test("kernels and their launches ask for the sizes that the record of their op names, and for all of them", () => {
  const ofRun: ReadonlyArray<keyof RunSizes> = [
    "divisions",
    "wholeRows",
    "P",
    "queryTiles",
    "keyTiles",
    "tileRows",
  ];
  for (const kind of KINDS) {
    const sizes = NAMES.filter((name) => opOf(name) === kind).map(sizesOf);
    const asked = new Set(sizes.flatMap(({ asked, fields }) => [...asked, ...fields]));
    for (const name of ofRun) asked.delete(name);
    assert.deepEqual([...asked].sort(), [...recordOf({ kind }).dims].sort(), kind);
  }
});

Deno.test("encodeValues() and decodeValues() round to the nearest, ties to even", () => {
  const through = (format: "bf16" | "f16" | "f32", values: ReadonlyArray<number>) => {
    const bytes = encodeValues(format, Float32Array.from(values));
    return [...decodeValues(format, bytes.slice().buffer, values.length)];
  };
  const values = [1, -2.5, 0, 1 + 2 ** -8, 1 + 3 * 2 ** -8, 3.0000001];
  assert.deepEqual(through("bf16", values), [1, -2.5, 0, 1, 1 + 2 ** -6, 3]);
  assert.deepEqual(through("f16", [1, -2.5, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 70_000]), [
    1,
    -2.5,
    1,
    1 + 2 ** -9,
    Infinity,
  ]);
  assert.deepEqual(through("f32", values), values.map(Math.fround));
  assert.deepEqual(through("bf16", [Infinity, -Infinity]), [Infinity, -Infinity]);
  assert.ok(Number.isNaN(through("bf16", [NaN])[0]));
});

const SMALL: OpCase = {
  label: "",
  kind: "swiglu_forward",
  dims: { rows: 2, cols: 4 },
  inputs: [floats(8, new Float32Array(16))],
  outputs: [overwritten(2, 4)],
};

/** Bytes of the workgroup memory that a text declares; sizes are products and sums of its constants. */
function workgroupBytes(code: string): number {
  const constants = new Map<string, number>();
  for (
    const [, name, value, divisor] of code.matchAll(/^const (\w+) = (\w+?)u?(?: \/ (\d+)u)?;$/gm)
  ) {
    constants.set(
      name!,
      Math.floor((constants.get(value!) ?? Number(value)) / Number(divisor ?? 1)),
    );
  }
  const sizeOf = (text: string) =>
    text.split(" + ").reduce(
      (sum, term) =>
        sum + term.split(" * ").reduce((product, factor) =>
          product * (constants.get(factor) ?? Number.parseInt(factor)), 1),
      0,
    );
  const width = { vec4f: 16, vec2f: 8, f32: 4, u32: 4 } as Readonly<Record<string, number>>;
  const arrays = code.matchAll(/^var<workgroup> \w+: array<(\w+), (.+)>;$/gm);
  return [...arrays].reduce((sum, [, type, size]) => sum + width[type!]! * sizeOf(size!), 0);
}

Deno.test("no launch asks for more workgroup memory or invocations than the adapter has", () => {
  const heads = { heads: 14, keyValueHeads: 2, queryTiles: 1, keyTiles: 1, tileRows: 32 };
  const parts = {
    ...{ features0: 600, features1: 36, features2: 4 },
    ...{ rank0: 64, rank1: 64, rank2: 64 },
  };
  let asked = 0;
  for (
    const limits of [
      { workgroupBytes: 16384, maxInvocations: 256, cores: 2, subgroup: 0 },
      { workgroupBytes: 32768, maxInvocations: 1024, cores: 1, subgroup: 0 },
      { workgroupBytes: 32768, maxInvocations: 1024, cores: 16, subgroup: 8 },
    ]
  ) {
    for (const family of FAMILIES) {
      for (
        const [rows, inner, headDim] of [
          ...[[5, 256, 4], [16, 512, 128], [70, 256, 20], [4096, 896, 64], [4096, 280, 68]],
          [4096, 512, 144],
        ] as const
      ) {
        for (const from of [0, 1, 2]) {
          const dims = {
            rows,
            inner,
            from,
            features: 640,
            vocabulary: 151_936,
            tokens: 640,
            keep: 1,
            stride: 640,
            cols: 151_936,
            unique: 9,
            elements: rows * 640,
            outCols: 640,
            headDim,
            ...heads,
            ...parts,
          };
          for (const name of NAMES) {
            const kernel = KERNELS[name];
            const traits = { ...limits, family };
            const bySubgroups = suitsSubgroups(traits);
            if (BY_SUBGROUPS.includes(name) && !bySubgroups) continue;
            const code = bySubgroups ? kernel.subgroupCode ?? kernel.code : kernel.code;
            const { launches } = kernelNamed(name);
            for (const { constants = {}, overrides = {} } of launches(dims, traits)) {
              const label = `${name} ${family} ${JSON.stringify([limits, rows, inner, from])}`;
              const text = setConstants(code, constants);
              const bytes = workgroupBytes(text);
              assert.ok(bytes <= limits.workgroupBytes, `${label}: ${bytes} bytes`);
              const width = workgroupWidth(text, overrides);
              const fits = width >= 1 && width <= limits.maxInvocations;
              assert.ok(fits, `${label}: ${width} invocations`);
              asked += bytes > 0 ? 1 : 0;
            }
          }
        }
      }
    }
  }
  assert.ok(asked > 300, `${asked} launches with workgroup memory were looked at`);
});

onWgsl(
  "a tensor larger than the device's buffers is refused before it is made",
  (engine) =>
    Effect.gen(function* () {
      const most = Math.min(
        device!.device.limits.maxStorageBufferBindingSize,
        device!.device.limits.maxBufferSize,
      );
      const tensor = {
        name: "huge",
        rows: Math.floor(most / 16) + 1,
        cols: 4,
        format: "f32",
        role: "state",
      } as const;
      const refusal = yield* Effect.flip(engine.fresh().allocate(tensor, {}));
      assert.match(refusal.message, /Cannot fit .*huge.* on the device/);
    }),
);

onWgsl(
  "a walk over more positions than a loop of the adapter has rounds is refused, not cut short",
  () =>
    Effect.gen(function* () {
      const lines = withTraits(device!, { family: "lines" }); // this test is skipped without an adapter
      const engine = yield* createGpuEngine(lines);
      const program = decodeProgram(inFloat32(TINY.llama), { messageTokens: 4, masked: false });
      const scalars = { inverseTemperature: 1, greedy: 1, stop0: 0, stop1: 0, stop2: 0, stop3: 0 };
      const room = { ...roomFor(1, TINY.llama), ...scalars, P: 60_001 };
      const decode = yield* engine.load(program, room);
      assert.throws(
        () => decode.run("step", room),
        /attention_forward as .* 60000 loop iterations/,
      );
      decode.run("step", { ...room, P: 60_000 });
    }),
);

onWgsl(
  "a program too large for the device says what all of it needs",
  (engine) =>
    Effect.gen(function* () {
      const program = logProbProgram(inFloat32(TINY.llama));
      const room = roomFor(2 ** 28, TINY.llama);
      const load = Effect.scoped(engine.fresh().load(program, room));
      const { message } = yield* Effect.flip(load);
      const bytes = Number(/of (\d+) bytes for program ".*log_prob"/.exec(message)?.[1]);
      assert.equal(bytes, programBytes(program, room));
    }),
);

onWgsl(
  "writing more numbers than a tensor holds is a defect, not a silent cut",
  (engine) =>
    Effect.gen(function* () {
      const own = engine.fresh();
      yield* own.allocate({ name: "t", rows: 1, cols: 4, format: "f32", role: "state" }, {});
      assert.throws(() => own.write("t", new Float32Array(5)), /5 values from 0 on to .*t of 4/);
    }),
);

onWgsl("a dimension without a value is a defect, not a zero", (engine) =>
  Effect.gen(function* () {
    const missing = { ...SMALL, dims: {} };
    const exit = yield* Effect.exit(runOp(engine.fresh(), missing));
    assert.equal(exit._tag, "Failure");
  }));
