/** Exports the spans of a program by OTLP. Only programs with --otlp load this file. */
import { ConfigProvider, Effect, Exit, Layer, Option, Tracer } from "effect";
import { FetchHttpClient, HttpClient } from "effect/http";
import { OtlpSerialization, OtlpTracer } from "effect/observability";
import project from "../../deno.json" with { type: "json" };
import { BadInput } from "../domain/errors.ts";
import { quote } from "../domain/quote.ts";
import { fetchReason } from "../files/fetch_error.ts";
import { readOtlpHeaders } from "../files/otlp_headers.ts";
import type { Screen } from "../files/screen.ts";
import { type Steps, StepSpans } from "../pipeline/step_spans.ts";
import { checkAllowed, isBareAddress } from "../search/open.ts";

/** What is exported. Statements of the queue and passes of the model would drown it. */
const EXPORTED = [
  ...["step", "offer", "handOut", "update", "shareGradients"],
  ...["perform", "rollout", "score", "computeShard"],
];

/** Exports spans to a collector at an address, such as `http://127.0.0.1:4318`. Where it cannot, it says so once. */
export const layerSpans = (address: string, screen: Screen) =>
  Layer.unwrap(Effect.gen(function* () {
    const url = yield* urlOf(address);
    const headers = yield* readOtlpHeaders;
    const exporter = OtlpTracer.layer({
      url,
      headers,
      resource: {
        serviceName: "igpo",
        serviceVersion: project.version,
        attributes: { "service.instance.id": crypto.randomUUID() },
      },
    }).pipe(
      Layer.provide(OtlpSerialization.layerJson),
      Layer.provide(layerClient(url, screen)),
      // The exporter would look for names of its resource in all variables, which this program may not read.
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({}))),
    );
    return layerSteps.pipe(Layer.provideMerge(layerExported), Layer.provide(exporter));
  }));

function urlOf(address: string): Effect.Effect<string, BadInput> {
  const url = URL.parse(address);
  if (url !== null && isBareAddress(url)) {
    const traces = `${url.origin}${url.pathname.replace(/\/+$/, "")}/v1/traces`;
    return Effect.as(checkAllowed("export spans", url.host), traces);
  }
  return Effect.fail(
    new BadInput({
      message: "Cannot export spans as --otlp must be an address like http://127.0.0.1:4318, " +
        `without a user or a password: current value is ${quote(address)}`,
    }),
  );
}

/** A client that tells the first failure; the exporter drops what it could not send. */
const layerClient = (url: string, { print }: Screen) =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.gen(function* () {
      const client = yield* HttpClient.HttpClient;
      let isTold = false;
      const tell = (why: string) =>
        Effect.suspend(() => {
          if (isTold) return Effect.void;
          isTold = true;
          return print(`Warning: cannot export spans to ${quote(url)}: ${why}`);
        });
      return client.pipe(
        HttpClient.tap(({ status }) => status < 400 ? Effect.void : tell(`it answers ${status}`)),
        HttpClient.tapError((error) => tell(fetchReason(error.reason.cause ?? error))),
      );
    }),
  ).pipe(Layer.provide(FetchHttpClient.layer));

/** Exports spans of the names above, each as a child of the nearest one that is exported. */
const layerExported = Layer.effect(
  Tracer.Tracer,
  Effect.map(Tracer.Tracer, (exporter) => {
    const isExported = (span: Tracer.AnySpan) =>
      span._tag === "ExternalSpan" || EXPORTED.includes(span.name);
    const nearest = (span: Option.Option<Tracer.AnySpan>): Option.Option<Tracer.AnySpan> =>
      Option.isNone(span) || isExported(span.value)
        ? span
        : span.value._tag === "Span"
        ? nearest(span.value.parent)
        : Option.none();
    return Tracer.make({
      span: (options) =>
        EXPORTED.includes(options.name)
          ? exporter.span({ ...options, parent: nearest(options.parent), sampled: true })
          : Tracer.nativeTracer.span(options),
    });
  }),
);

/** The spans of steps that have begun. Those of a run that fails end with it. */
const layerSteps = Layer.effect(
  StepSpans,
  Effect.gen(function* () {
    const begun = new Map<number, Tracer.Span>();
    const end = (step: number, exit: Exit.Exit<unknown, unknown>) =>
      Effect.clockWith((clock) =>
        Effect.sync(() => {
          begun.get(step)?.end(clock.currentTimeNanosUnsafe(), exit);
          begun.delete(step);
        })
      );
    yield* Effect.addFinalizer((exit) =>
      Effect.forEach([...begun.keys()], (step) => end(step, exit), { discard: true })
    );
    return {
      of: Effect.fnUntraced(function* (step) {
        const span = begun.get(step) ??
          (yield* Effect.makeSpan("step", { root: true, attributes: { "igpo.step": step } }));
        begun.set(step, span);
        return span;
      }),
      end: (step) => end(step, Exit.void),
    } satisfies Steps;
  }),
);
