/** The page on which an agent learns in front of its reader. */
/// <reference lib="dom" />
import { h, type JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { section } from "../page/elements.ts";
import { type Address, OUTCOME_ONLY, readAddress, writeAddress } from "./address.ts";
import { Answers } from "./answers.ts";
import { type AgentState, openRemoteAgent, type RemoteAgent } from "./remote_agent.ts";
import { Traces } from "./traces.ts";
import { Training } from "./training.ts";

/** An agent with the name of the preset that trains it. */
export interface Side {
  readonly preset: string;
  readonly state: AgentState;
  readonly ask: RemoteAgent["ask"];
}

/** The whole page. */
export function App(): JSX.Element {
  const [address, setAddress] = useState(() => readAddress(location.hash));
  useEffect(() => {
    addEventListener("hashchange", () => setAddress(readAddress(location.hash)));
  }, []);
  const go = useCallback((change: Partial<Address>) => {
    const next = { ...readAddress(location.hash), ...change };
    history.replaceState(null, "", writeAddress(next));
    setAddress(next);
  }, []);
  const { sides, restart } = useSides(address);
  const colours = useMemo(
    () => new Map([address.preset, OUTCOME_ONLY].map((preset, i) => [preset, i])),
    [address.preset],
  );
  return h(
    "main",
    null,
    h("header", null, h("h1", null, "igpo in this tab"), h("p", { class: "faint" }, WHAT)),
    h("p", { class: "adapter", role: "status" }, adapterSentence(sides)),
    section("Training", h(Training, { sides, colours, address, go, restart })),
    section("Answers", h(Answers, { sides })),
    section("Your traces", h(Traces, { address })),
  );
}

const WHAT = "A small language model learns to search. One copy is " +
  "rewarded for every search by how much more it then believes the right answer (IGPO), " +
  "the other one for its final answer alone.";

/** Both agents, opened anew whenever the address changes or `restart` is called. */
function useSides({ preset, seed, device }: Address) {
  const [states, setStates] = useState<ReadonlyArray<AgentState | null>>([null, null]);
  const [starts, setStarts] = useState(0);
  const begins = useRef<"saved" | "fresh">("saved");
  const agents = useRef<ReadonlyArray<RemoteAgent>>([]);
  const presets = [preset, OUTCOME_ONLY];
  useEffect(() => {
    const opened = presets.map((name, i) =>
      openRemoteAgent(
        { kind: "open", preset: name, seed, device, isFresh: begins.current === "fresh" },
        (state) => setStates((old) => old.map((one, j) => i === j ? state : one)),
      )
    );
    agents.current = opened;
    begins.current = "saved";
    return () => {
      opened.forEach(({ close }) => close());
      setStates([null, null]);
    };
  }, [preset, seed, device, starts]);
  const sides = presets.flatMap((name, i): ReadonlyArray<Side> => {
    const state = states[i];
    return state === null || state === undefined
      ? []
      : [{ preset: name, state, ask: (message) => agents.current[i]?.ask(message) }];
  });
  const restart = () => {
    begins.current = "fresh";
    setStarts(starts + 1);
  };
  return { sides, restart };
}

/** What computes, and what to do if that is not a GPU. */
function adapterSentence(sides: ReadonlyArray<Side>): string {
  const adapter = sides.map(({ state }) => state.ready).find((ready) => ready !== null)?.adapter;
  if (adapter === undefined) return "Opening the model";
  if (adapter !== null) return `This page computes on ${adapter}, by WebGPU`;
  return "gpu" in navigator ? NO_ADAPTER : NO_WEBGPU;
}

const NO_ADAPTER = "This browser offers no WebGPU adapter that is faster than plain loops, which " +
  "compute on the CPU instead: switch on hardware acceleration in its settings for more speed";
const NO_WEBGPU = "This browser has no WebGPU, so that plain loops compute on the CPU: open the " +
  "page in a current Chrome, Edge, Safari or Firefox for more speed";
