import assert from "node:assert/strict";
import { Result } from "effect";
import { makeChatTemplate, type RenderOptions } from "../../src/text/chat_template.ts";

const hello = [{ role: "user", content: "hello" }];

function render(source: string, options?: RenderOptions, config: unknown = {}): string {
  const template = Result.getOrThrow(makeChatTemplate(config, source));
  return Result.getOrThrow(template.render(hello, options));
}

function failure(source: string, options?: RenderOptions): string {
  const template = Result.getOrThrow(makeChatTemplate({}, source));
  const result = template.render(hello, options);
  assert.ok(Result.isFailure(result));
  return result.failure.message;
}

Deno.test("render() passes special tokens that are set, as strings or as objects", () => {
  const config = { bos_token: { content: "<s>" }, eos_token: "</s>", pad_token: null };
  assert.equal(render("{{ bos_token }}{{ eos_token }}{{ pad_token }}", {}, config), "<s></s>");
});

Deno.test("render() passes tools as null when there are none", () => {
  const source = "{{ tools is defined }} {{ tools is none }}";
  assert.equal(render(source), "true true");
});

Deno.test("render() leaves enable_thinking undefined unless it is given", () => {
  const source = "{{ enable_thinking is defined }}";
  assert.equal(render(source), "false");
  assert.equal(render(source, { enableThinking: false }), "true");
});

Deno.test("render() formats the date it is given like Python's strftime", () => {
  const now = new Date(2026, 10, 3, 4, 5, 6);
  assert.equal(
    render("{{ strftime_now('%d %b %Y, %A %H:%M:%S %%') }}", { now }),
    "03 Nov 2026, Tuesday 04:05:06 %",
  );
});

Deno.test("render() refuses a template that asks for a date it was not given", () => {
  assert.match(failure("{{ strftime_now('%Y') }}"), /asks for the date/);
});

Deno.test("render() reports what a template raises", () => {
  assert.match(failure("{{ raise_exception('no system role') }}"), /no system role/);
});

Deno.test("render() offers range, forwards and backwards", () => {
  const source = "{% for i in range(3) %}{{ i }}{% endfor %}" +
    "{% for i in range(4, 0, -2) %}{{ i }}{% endfor %}{% for i in range(2, 1) %}x{% endfor %}";
  assert.equal(render(source), "01242");
});

Deno.test("render() does not carry variables over to the next rendering", () => {
  const template = Result.getOrThrow(
    makeChatTemplate({}, "{{ seen is defined }}{% set seen = 1 %}"),
  );
  assert.equal(Result.getOrThrow(template.render(hello)), "false");
  assert.equal(Result.getOrThrow(template.render(hello)), "false");
});

Deno.test("makeChatTemplate() takes the default of several named templates", () => {
  const chat_template = [
    { name: "tool_use", template: "tools" },
    { name: "default", template: "plain" },
  ];
  const template = Result.getOrThrow(makeChatTemplate({ chat_template }));
  assert.equal(Result.getOrThrow(template.render(hello)), "plain");
});

Deno.test("makeChatTemplate() refuses a configuration without a template and broken Jinja", () => {
  for (const config of [{}, { chat_template: [] }, null, { chat_template: 3 }]) {
    assert.ok(Result.isFailure(makeChatTemplate(config)));
  }
  assert.ok(Result.isFailure(makeChatTemplate({ chat_template: "{% if %}" })));
});
