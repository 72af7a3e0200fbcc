/** A network of its own beside that of this machine: a namespace, and a pair of virtual cards. It takes Linux, root and ip. */
import { command } from "../../driver/command.ts";
import { startPostgres } from "./postgres.ts";
import { FREE, type LinkSpeed, openSlowLink, SLOW } from "./slow_link.ts";

/** Address of this machine as the network sees it. */
const HERE = "10.213.7.1";
const NETEM = `delay ${SLOW.delayMillis}ms rate ${8 * SLOW.bytesPerSecond}bit`;

/** Prints a line. */
export function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

async function sh(script: string): Promise<boolean> {
  const { success, stderr } = await command("sh", { args: ["-ec", script] }).output();
  if (!success) say(new TextDecoder().decode(stderr).trimEnd());
  return success;
}

const build = (name: string) => `
  ip netns add ${name}
  ip link add ${name}a type veth peer name ${name}b netns ${name}
  ip addr add ${HERE}/24 dev ${name}a
  ip link set ${name}a up
  ip -n ${name} addr add 10.213.7.2/24 dev ${name}b
  ip -n ${name} link set ${name}b up
  ip -n ${name} link set lo up
`;
const slowDown = (name: string) => `
  tc qdisc add dev ${name}a root netem ${NETEM}
  tc -n ${name} qdisc add dev ${name}b root netem ${NETEM}
`;

/** An open network. Programs in it reach ports of this machine through relays of `link`, and then only slowly. */
export interface SlowNetwork extends AsyncDisposable {
  readonly name: string;
  readonly here: string;
  readonly link: ReturnType<typeof openSlowLink>;
  /** Cuts the cards off, both ways at once, or heals that. */
  readonly set: (state: "up" | "down") => Promise<boolean>;
}

/** A network of 50 ms each way and 100 Mbit/s, or null where there can be none. */
async function openSlowNetwork(): Promise<SlowNetwork | null> {
  const name = `igpo${Deno.pid}`;
  const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
  if (!isRoot || !await sh(build(name))) {
    say("Ignored: a network of its own takes Linux, root and ip");
    return null;
  }
  const hasNetem = await sh(slowDown(name));
  const speed: LinkSpeed = hasNetem ? FREE : SLOW;
  say(
    hasNetem
      ? `netem: ${NETEM}`
      : "The kernel has no netem: a relay delays and limits, so that TCP has no slow start",
  );
  const link = openSlowLink(HERE, speed);
  return {
    name,
    here: HERE,
    link,
    set: (state) => sh(`ip link set ${name}a ${state}`),
    [Symbol.asyncDispose]: async () => {
      await link[Symbol.asyncDispose]();
      await sh(`ip netns del ${name}`);
    },
  };
}

const first = await openSlowNetwork();
await first?.[Symbol.asyncDispose]();

/** Whether there can be networks. */
export const hasNetworks: boolean = first !== null;

/** Both sides of a network, and a database at the side of the trainer. */
export interface SlowPlace {
  readonly network: SlowNetwork;
  /** Where the trainer finds the database, and where programs of the network find it. */
  readonly near: string;
  readonly far: string;
}

/** Opens a slow network, with a database whose data lie in a folder below `outer`; both end with `use`. */
export async function inSlowNetwork(
  outer: string,
  use: (place: SlowPlace) => Promise<void>,
): Promise<void> {
  await using network = await openSlowNetwork();
  if (network === null) throw new Error("There was a network before");
  await Deno.mkdir(`${outer}/server`);
  const server = await startPostgres(`${outer}/server`, network.here);
  Deno.env.set("BLOBS_SECRET", "a secret that is long enough to be one");
  Deno.env.set("PGSSLROOTCERT", server.certificate);
  const far = new URL(server.url);
  far.port = String(network.link.relay(Number(far.port)).port);
  await use({ network, near: server.url, far: far.href }).finally(() => {
    Deno.env.delete("BLOBS_SECRET");
    Deno.env.delete("PGSSLROOTCERT");
    return server.stop();
  });
}
