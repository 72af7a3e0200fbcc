import { Effect } from "effect";
import { KernelFailed } from "../domain/errors.ts";

/** Whether a device is lost: its driver was reset, it was taken away, or it was destroyed. */
export interface Loss {
  /** Fails if the device is known to be lost. */
  readonly check: Effect.Effect<void, KernelFailed>;
  /** The same after an error, which may come before the news of the loss that caused it. */
  readonly checkAfterError: Effect.Effect<void, KernelFailed>;
  /** Waits for the loss, and fails with it. */
  readonly wait: Effect.Effect<never, KernelFailed>;
}

/** Watches a device until it is lost. */
export function watchLoss(device: GPUDevice): Loss {
  let found: KernelFailed | null = null;
  const lost = device.lost.then((info) => found = failureOf(info));
  const check = Effect.suspend(() => found === null ? Effect.void : Effect.fail(found));
  // The queue of a lost device has nothing to wait for.
  const news = Effect.promise(() => Promise.race([lost, device.queue.onSubmittedWorkDone()]));
  return {
    check,
    checkAfterError: Effect.andThen(news, check),
    wait: Effect.flatMap(Effect.promise(() => lost), (failure) => Effect.fail(failure)),
  };
}

function failureOf({ reason, message }: GPUDeviceLostInfo): KernelFailed {
  const said = message.replaceAll(/\s+/g, " ").trim();
  return new KernelFailed({
    kernel: "device",
    message: "Cannot go on as the device must stay, and its driver was reset or it was taken " +
      `away: WebGPU says "${reason}", "${said}"`,
  });
}
