/**
 * Steps of a run on a queue, simulated event by event: the trainer publishes its weights and offers a job for each group;
 * trainer and workers take one at a time; a worker gets the weights of a step once, through the one link that all share
 * at the trainer's end; answers come back through it; the trainer updates when it has all of them. The database is at the
 * trainer's end, too: whatever a worker asks it, or of the blobs, takes a round trip. Seconds and bytes.
 */
import { createRandom, type RandomStream } from "../src/math/random.ts";
import { type Agenda, type Bandwidth, createAgenda, createLink, type Link } from "./events.ts";

/** What a group takes of whoever plays and scores it. */
export interface Group {
  /** The card computes. */
  readonly busySeconds: number;
  /** All of its episodes wait for a search. */
  readonly waitSeconds: number;
}

/** What steps run on. */
export interface World {
  readonly workers: number;
  /** The groups of each step, in the order in which they are offered. */
  readonly steps: ReadonlyArray<ReadonlyArray<Group>>;
  readonly updateSeconds: number;
  readonly weightsBytes: number;
  /** Bytes of an answer. */
  readonly groupBytes: number;
  /** The trainer's, each way. */
  readonly link: Bandwidth;
  /** At which a process hashes a blob that it writes or reads. */
  readonly blobBytesPerSecond: number;
  /** Seconds of the database, which does one thing after the other. */
  readonly queue: {
    readonly operationSeconds: number;
    /** A job among others that are offered together. */
    readonly offerSeconds: number;
    /** A look that finds no job. */
    readonly lookSeconds: number;
  };
  /** Deaths of a worker in an hour of its life. */
  readonly failuresPerHour: number;
}

/** What the trainer as a player and workers spend time on. */
export const STATES = ["idle", "queue", "weights", "busy", "search", "answer", "dead"] as const;

/** Seconds by what they were spent on. */
export type Spent = Readonly<Record<typeof STATES[number], number>>;

/** What a step took: its three parts follow each other. */
export interface SimulatedStep {
  readonly publishSeconds: number;
  /** From the first offer to the last answer. */
  readonly groupsSeconds: number;
  readonly updateSeconds: number;
}

/** What became of a world. */
export interface Simulated {
  readonly seconds: number;
  readonly steps: ReadonlyArray<SimulatedStep>;
  /** Of all workers together. */
  readonly workers: Spent;
  /** Of the trainer; it is idle while it updates. */
  readonly trainer: Spent;
  readonly deaths: number;
}

/** Between two looks of an idle worker for a job, and of the trainer for answers, as in `src/queue`. */
const POLL_SECONDS = 0.1;
const LOOK_SECONDS = 0.025;
/** A claim ends so long after it was last renewed, which happens five times as often. */
const LEASE_SECONDS = 10;
const RENEWED_SECONDS = LEASE_SECONDS / 5;
/** Until a dead worker is back with its model loaded. */
const RESTART_SECONDS = 60;

/** The trainer or a worker. */
interface Player {
  readonly isTrainer: boolean;
  /** The step whose weights it has. */
  weights: number;
  group: Group | null;
  state: typeof STATES[number] | "playing";
  /** When it came into its state. */
  since: number;
  /** Ends what it is doing. */
  stop: () => void;
  readonly spent: Record<typeof STATES[number], number>;
}

function createPlayer({ isTrainer }: Pick<Player, "isTrainer">): Player {
  const spent = { idle: 0, queue: 0, weights: 0, busy: 0, search: 0, answer: 0, dead: 0 };
  return { isTrainer, weights: -1, group: null, state: "idle", since: 0, stop: () => {}, spent };
}

/** A simulation under way. */
interface Run {
  readonly world: World;
  readonly agenda: Agenda;
  readonly random: RandomStream;
  readonly down: Link;
  readonly up: Link;
  readonly trainer: Player;
  /** Jobs that nobody has claimed, first to last. */
  readonly pending: Group[];
  /** Who waits for a job. */
  readonly idle: Set<Player>;
  readonly steps: SimulatedStep[];
  /** When the step began, and when its weights were published. */
  began: number;
  published: number;
  /** Answers of the step that are missing. */
  missing: number;
  /** When the database will have done all that it was asked. */
  queueFree: number;
  deaths: number;
}

/** Simulates a world. Equal seeds give equal numbers. */
export function simulate(world: World, seed: number): Simulated {
  const agenda = createAgenda();
  const workers = Array.from({ length: world.workers }, () => createPlayer({ isTrainer: false }));
  const run: Run = {
    world,
    agenda,
    random: createRandom([seed, 0]),
    down: createLink(agenda, world.link),
    up: createLink(agenda, world.link),
    trainer: createPlayer({ isTrainer: true }),
    pending: [],
    idle: new Set(workers),
    steps: [],
    began: 0,
    published: 0,
    missing: 0,
    queueFree: 0,
    deaths: 0,
  };
  for (const worker of workers) dieInTime(run, worker);
  beginStep(run);
  agenda.runUntil(() => run.steps.length === world.steps.length);
  for (const player of [run.trainer, ...workers]) enter(run, player, "idle");
  const { steps, trainer, deaths } = run;
  return { seconds: agenda.now(), steps, workers: sumOf(workers), trainer: trainer.spent, deaths };
}

function sumOf(players: ReadonlyArray<Player>): Spent {
  const sum = createPlayer({ isTrainer: false }).spent;
  for (const { spent } of players) for (const state of STATES) sum[state] += spent[state];
  return sum;
}

/** The trainer's weights become a blob, then it offers its jobs in one transaction. */
function beginStep(run: Run): void {
  const { world, agenda } = run;
  const { offerSeconds } = world.queue;
  const groups = world.steps[run.steps.length]!;
  run.began = agenda.now();
  run.missing = groups.length;
  agenda.after(blobSeconds(run, world.weightsBytes), () => {
    run.published = agenda.now();
    run.idle.add(run.trainer);
    agenda.after(queueSeconds(run, groups.length * offerSeconds), () => {
      for (const group of groups) offer(run, group);
    });
  });
}

/** The trainer looks for the last answer, reads it and updates; it plays no group until the next step. */
function endStep(run: Run): void {
  const { world: { groupBytes, updateSeconds }, agenda, began, published } = run;
  const look = LOOK_SECONDS * run.random.next();
  agenda.after(look + blobSeconds(run, groupBytes) + queueSeconds(run), () => {
    const answered = agenda.now();
    run.idle.delete(run.trainer);
    agenda.after(updateSeconds, () => {
      run.steps.push({
        publishSeconds: published - began,
        groupsSeconds: answered - published,
        updateSeconds: agenda.now() - answered,
      });
      if (run.steps.length < run.world.steps.length) beginStep(run);
    });
  });
}

function blobSeconds({ world: { blobBytesPerSecond } }: Run, bytes: number): number {
  return bytes / blobBytesPerSecond;
}

/** Seconds until the database has done one more operation. Looks of more idle workers than it can serve come first. */
function queueSeconds(run: Run, more = 0): number {
  const { world: { queue: { operationSeconds, lookSeconds } }, agenda, idle } = run;
  const looks = Math.max(0, idle.size * lookSeconds - POLL_SECONDS);
  run.queueFree = Math.max(run.queueFree, agenda.now()) + looks + operationSeconds + more;
  return run.queueFree - agenda.now();
}

/** A job is there. The trainer is told of it at once; the first of n idle workers looks after the least of n draws. */
function offer(run: Run, group: Group): void {
  const { idle, pending, random, trainer } = run;
  pending.push(group);
  const player = idle.has(trainer) ? trainer : idle.values().next().value;
  if (player === undefined) return;
  const cycle = POLL_SECONDS + 2 * tripSeconds(run, player);
  const seconds = cycle * (1 - (1 - random.next()) ** (1 / idle.size));
  idle.delete(player);
  player.group = pending.shift()!;
  spend(run, player, "idle", player.isTrainer ? 0 : seconds, () => claim(run, player, 1));
}

function takeNext(run: Run, player: Player): void {
  const group = run.pending.shift();
  if (group === undefined) {
    enter(run, player, "idle");
    run.idle.add(player);
    return;
  }
  player.group = group;
  claim(run, player, 2);
}

/** Seconds from a player to database and blobs, which the trainer has at hand. */
function tripSeconds({ world: { link } }: Run, { isTrainer }: Player): number {
  return isTrainer ? 0 : link.latencySeconds;
}

/** Takes a job by a look that is under way for so many trips still. */
function claim(run: Run, player: Player, trips: 1 | 2): void {
  const { world: { weightsBytes }, down, steps } = run;
  const trip = tripSeconds(run, player);
  spend(run, player, "queue", trips * trip + queueSeconds(run), () => {
    if (player.isTrainer || player.weights === steps.length) return play(run, player);
    spend(run, player, "weights", trip, () => {
      player.stop = down.send(
        weightsBytes,
        () =>
          spend(run, player, "weights", blobSeconds(run, weightsBytes), () => {
            player.weights = steps.length;
            play(run, player);
          }),
      );
    });
  });
}

function play(run: Run, player: Player): void {
  const { busySeconds, waitSeconds } = player.group!;
  spend(run, player, "playing", busySeconds + waitSeconds, () => {
    enter(run, player, "answer");
    if (player.isTrainer) answer(run, player);
    else player.stop = run.up.send(run.world.groupBytes, () => answer(run, player));
  });
}

/** The blob is put, the answer written, and the job marked as done: three round trips, of which the first has begun. */
function answer(run: Run, player: Player): void {
  const trip = tripSeconds(run, player);
  const seconds = blobSeconds(run, run.world.groupBytes) + queueSeconds(run);
  spend(run, player, "answer", 2 * trip + seconds, () => {
    player.group = null;
    run.missing -= 1;
    spend(run, player, "answer", 3 * trip, () => takeNext(run, player));
    if (run.missing === 0) endStep(run);
  });
}

/** A worker dies in the end. Its job is handed out again when its claim is over, and it comes back. */
function dieInTime(run: Run, player: Player): void {
  const { world: { failuresPerHour }, agenda, random, idle } = run;
  if (failuresPerHour === 0) return;
  agenda.after(-Math.log(1 - random.next()) * 3600 / failuresPerHour, () => {
    const { group } = player;
    player.stop();
    enter(run, player, "dead");
    idle.delete(player);
    player.group = null;
    player.weights = -1;
    run.deaths += 1;
    const left = LEASE_SECONDS - RENEWED_SECONDS * random.next();
    if (group !== null) agenda.after(left, () => offer(run, group));
    agenda.after(RESTART_SECONDS, () => {
      takeNext(run, player);
      dieInTime(run, player);
    });
  });
}

/** Counts the time in the last state, and begins another. */
function enter({ agenda }: Run, player: Player, state: Player["state"]): void {
  const { spent, since, group } = player;
  const seconds = agenda.now() - since;
  if (player.state === "playing") {
    const { busySeconds, waitSeconds } = group!;
    const all = busySeconds + waitSeconds;
    const busy = all === 0 ? 0 : seconds * busySeconds / all;
    spent.busy += busy;
    spent.search += seconds - busy;
  } else spent[player.state] += seconds;
  player.state = state;
  player.since = agenda.now();
}

/** Goes on after some seconds in a state, unless the player is stopped. */
function spend(
  run: Run,
  player: Player,
  state: Player["state"],
  seconds: number,
  then: () => void,
): void {
  enter(run, player, state);
  let isStopped = false;
  player.stop = () => isStopped = true;
  run.agenda.after(seconds, () => {
    if (!isStopped) then();
  });
}
