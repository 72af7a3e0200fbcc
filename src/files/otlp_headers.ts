import { Config, ConfigProvider, Effect, Schema } from "effect";
import { BadInput } from "../domain/errors.ts";

/** The variable of OpenTelemetry that holds what a collector asks for, such as a key. */
const NAME = "OTEL_EXPORTER_OTLP_HEADERS";

/** Headers of requests to a collector of OpenTelemetry, by their names. */
export const readOtlpHeaders: Effect.Effect<Readonly<Record<string, string>>, BadInput> = Effect
  .suspend(() => {
    const text = Deno.env.get(NAME);
    const provider = ConfigProvider.fromUnknown(text === undefined ? {} : { [NAME]: text });
    return Config.Record(Schema.String, Schema.StringFromUriComponent, NAME)
      .pipe(Config.withDefault({})).parse(provider).pipe(
        Effect.mapError(() =>
          new BadInput({
            message: `Cannot export spans as ${NAME} must be NAME=VALUE,NAME=VALUE, with %XX for ` +
              "what a header cannot hold: it is something else",
          })
        ),
      );
  });
