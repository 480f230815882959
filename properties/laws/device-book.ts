import type { Step } from "../../history/step.ts";
import type { Run } from "./run.ts";
import { guestIndex } from "./run.ts";

/** A device as its guest was given it. */
export interface Given {
  readonly physical: boolean;
  /** The source-id that its requests carry. */
  readonly requester: number;
}

/** The devices of every guest, by set-up and by what the toolstack was not refused. */
export type DeviceBook = readonly Map<number, Given>[];

export const newDeviceBook = ({ setup }: Run): DeviceBook =>
  setup.guests.map(
    ({ devices }) =>
      new Map(
        devices.map(({ device, physical, alias = device }) => [
          device,
          { physical, requester: alias },
        ]),
      ),
  );

/** Whether an input was refused as a whole. */
const isRefused = ({ facts }: Step): boolean => facts[0]?.type === "InputRefused";

/** Follows up what a step did to the devices. */
export function follow(book: DeviceBook, step: Step): void {
  const { input } = step;
  if (input.type !== "DeviceAssign" && input.type !== "DeviceRemove") return;
  const devices = book[guestIndex(input)];
  if (devices === undefined || isRefused(step)) return;
  if (input.type === "DeviceRemove") devices.delete(input.device);
  else {
    const { device, physical, alias = device } = input;
    devices.set(device, { physical, requester: alias });
  }
}

/** The device of a guest by its own source-id. */
export const givenAt = (book: DeviceBook, guest: number, device: number): Given | undefined =>
  book[guest]?.get(device);
