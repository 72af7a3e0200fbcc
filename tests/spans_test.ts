/** Spans of a trainer and its worker, as a collector of OpenTelemetry gets them. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Schema } from "effect";
import { serve } from "./search/services.ts";
import { contentsOf, differences } from "./support/kill_matrix.ts";
import { holdBack, openWorkshop, reading, succeeded } from "./support/queue_processes.ts";
import { inFolder } from "./support/tiny_run.ts";

const STEPS = 60;
const RECIPE = {
  steps: STEPS,
  promptsPerStep: 2,
  groupSize: 2,
  maxTurns: 2,
  maxNewTokens: 6,
  contextTokens: 128,
  microBatchTokens: 256,
  lr: 1e-2,
  gradientShards: 2,
  evaluateEvery: 0,
  checkpointEvery: 20,
};

const Attributes = Schema.Array(Schema.Struct({
  key: Schema.String,
  value: Schema.Struct({
    stringValue: Schema.optionalKey(Schema.String),
    intValue: Schema.optionalKey(Schema.Union([Schema.String, Schema.Number])),
  }),
}));

const Id = (digits: number) =>
  Schema.String.check(Schema.isPattern(new RegExp(`^[0-9a-f]{${digits}}$`)));

/** What a collector is sent, as OTLP 1.0 has it in JSON. */
const Request = Schema.Struct({
  resourceSpans: Schema.Array(Schema.Struct({
    resource: Schema.Struct({ attributes: Attributes }),
    scopeSpans: Schema.Array(Schema.Struct({
      spans: Schema.Array(Schema.Struct({
        traceId: Id(32),
        spanId: Id(16),
        parentSpanId: Schema.optionalKey(Id(16)),
        name: Schema.String,
        startTimeUnixNano: Schema.String,
        endTimeUnixNano: Schema.String,
        attributes: Attributes,
      })),
    })),
  })),
});

const textOf = (attributes: typeof Attributes.Type, name: string) => {
  const value = attributes.find(({ key }) => key === name)?.value;
  return String(value?.stringValue ?? value?.intValue);
};

type Received = Awaited<ReturnType<typeof spansOf>>[number];

/** The spans of a request, each with the process that sent it. */
function spansOf(json: unknown) {
  const { resourceSpans } = Schema.decodeUnknownSync(Request)(json);
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        process: textOf(resource.attributes, "service.instance.id"),
        step: textOf(span.attributes, "igpo.step"),
      }))
    )
  );
}

/** A collector that keeps all spans, and the headers of requests. */
function openCollector() {
  const spans: Received[] = [];
  const asked = new Set<string>();
  const server = serve(async (request) => {
    const { pathname } = new URL(request.url);
    asked.add(`${request.method} ${pathname} ${request.headers.get("x-key")}`);
    spans.push(...spansOf(await request.json()));
    return Response.json({});
  });
  return { ...server, spans, asked };
}

/** `NAME below NAME` of each span of a trace, without repetitions; fails where a parent is in no request. */
function linksOf(trace: ReadonlyArray<Received>): ReadonlyArray<string> {
  const byId = new Map(trace.map((span) => [span.spanId, span]));
  strictEqual(byId.size, trace.length);
  const links = trace.map(({ name, parentSpanId }) => {
    if (parentSpanId === undefined) return name;
    const parent = byId.get(parentSpanId);
    ok(parent !== undefined, `The parent of ${name} is in no request`);
    return `${name} below ${parent.name}`;
  });
  return [...new Set(links)].toSorted();
}

/** The traces of a run by its steps. */
function tracesOf(spans: ReadonlyArray<Received>) {
  const traces = [...Map.groupBy(spans, ({ traceId }) => traceId).values()];
  const steps = traces.map((trace) => trace.find(({ name }) => name === "step")?.step);
  deepStrictEqual(new Set(steps), new Set(Array.from({ length: STEPS }, (_, i) => `${i + 1}`)));
  strictEqual(traces.length, STEPS);
  return traces;
}

Deno.test("trainer and worker export each step as one trace, and change no byte of the run", () =>
  inFolder(async (outer) => {
    const shop = await openWorkshop(outer, RECIPE);
    const contents = async (name: string) => await contentsOf(`${outer}/${name}`);
    Deno.env.set("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20key");
    try {
      await using alone = openCollector();
      await succeeded(shop.train(`${outer}/alone`, "--otlp", alone.url));
      deepStrictEqual([...alone.asked], ["POST /v1/traces a key"]);
      const inOne = ["rollout below step", "score below step", "step", "update below step"];
      for (const trace of tracesOf(alone.spans)) deepStrictEqual(linksOf(trace), inOne);

      await using both = openCollector();
      const worker = shop.worker("--otlp", both.url);
      await using said = reading(worker);
      const trainer = shop.train(`${outer}/run`, "--queue", shop.queue, "--otlp", both.url);
      await using trained = reading(trainer);
      await trained.until(/^step +1\b/mi);
      await holdBack(trainer, said.until(/^Step \d+: /m));
      await trained.success();
      worker.kill("SIGTERM");
      await worker.status;
      deepStrictEqual(differences(await contents("run"), await contents("alone")), []);
      const traces = tracesOf(both.spans);
      for (const trace of traces) {
        deepStrictEqual(linksOf(trace), [
          ...["computeShard below perform", "handOut below step", "offer below step"],
          ...["perform below step", "rollout below perform", "score below perform"],
          ...["shareGradients below update", "step", "update below step"],
        ]);
        const step = trace.find(({ name }) => name === "step")!;
        // Clocks of two processes differ.
        for (const span of trace.filter(({ process }) => process === step.process)) {
          ok(step.startTimeUnixNano <= span.startTimeUnixNano);
          ok(span.endTimeUnixNano <= step.endTimeUnixNano);
        }
      }
      const helped = traces.filter((trace) =>
        new Set(trace.map(({ process }) => process)).size > 1
      );
      ok(helped.length > 0, "The worker did nothing");
      for (const { name, process, parentSpanId, spanId } of helped[0]!) {
        if (name !== "perform") continue;
        const own = helped[0]!.filter((span) => span.parentSpanId === spanId);
        strictEqual(parentSpanId, helped[0]!.find((span) => span.name === "step")!.spanId);
        ok(own.length > 0 && own.every((span) => span.process === process));
      }
    } finally {
      Deno.env.delete("OTEL_EXPORTER_OTLP_HEADERS");
    }
  }));

Deno.test("a collector that is away costs a warning, and an address that is none is refused", () =>
  inFolder(async (outer) => {
    const shop = await openWorkshop(outer, { ...RECIPE, steps: 2 });
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const away = `http://127.0.0.1:${free.addr.port}`;
    free.close();
    const said = await succeeded(shop.train(`${outer}/away`, "--otlp", away));
    strictEqual(said.split("Warning: cannot export spans to").length, 2);
    await using refusing = serve(() => new Response(null, { status: 403 }));
    match(
      await succeeded(shop.train(`${outer}/refusing`, "--otlp", refusing.url)),
      /^Warning: cannot export spans to "[^"]*": it answers 403$/m,
    );
    const refused = async (address: string) => {
      const { code, stderr } = await shop.train(`${outer}/none`, "--otlp", address).output();
      strictEqual(code, 2);
      return new TextDecoder().decode(stderr);
    };
    match(
      await refused("localhost"),
      /^Cannot export spans as --otlp must be an address like http:\/\/127.0.0.1:4318, without a user or a password: current value is "localhost"\n$/,
    );
    Deno.env.set("OTEL_EXPORTER_OTLP_HEADERS", "x-key=%");
    match(
      await refused(away).finally(() => Deno.env.delete("OTEL_EXPORTER_OTLP_HEADERS")),
      /^Cannot export spans as OTEL_EXPORTER_OTLP_HEADERS must be NAME=VALUE,NAME=VALUE, with %XX for what a header cannot hold: it is something else\n$/,
    );
  }));
