import { formatSourceId, hex } from "../../events/address.ts";
import { reasonText } from "../../events/fault/fault-text.ts";
import type { Dump } from "../dump.ts";
import type { Evidence, Fault } from "../evidence.ts";

const interruptRange = { first: 0xfee0_0000n, end: 0xfef0_0000n };

/** Faults whose address lies in a region that the firmware's table names. */
function regionHint({ regions }: Evidence, faults: readonly Fault[]): readonly string[] {
  const found = regions.find(({ base, end }) =>
    faults.some(({ address }) => address !== undefined && base <= address && address <= end),
  );
  if (found === undefined) return [];
  const { base, end, line } = found;
  return [
    `The address lies in the reserved region ${hex(base)} to ${hex(end)} of line ${line}: the ` +
      "firmware says that some devices need it mapped to itself. Either this source-id is not " +
      "one of them in the table, or the mapping was taken away.",
  ];
}

/** Functions that the paste names beside one that faults: the device may answer for all of them. */
function phantomHint(faults: readonly Fault[], all: readonly Fault[]): readonly string[] {
  const [one] = faults;
  if (one?.source === undefined) return [];
  const slot = one.source >> 3;
  const same = all.filter(
    ({ source, address }) =>
      source !== undefined &&
      source >> 3 === slot &&
      source !== one.source &&
      address === one.address,
  );
  const others = [...new Set(same.map(({ source = 0 }) => formatSourceId(source)))];
  if (others.length === 0) return [];
  return [
    `The same address faults for ${others.join(", ")} too: functions of one device, which ` +
      "may use source-ids of functions that are not there (phantom functions).",
  ];
}

const isEarly = (seconds: number): boolean => seconds < 10;

/** When the first line of a fault was printed, by the kernel's clock. */
export const secondsOf = (text: string): number | undefined => {
  const digits = /\[ *(\d+\.\d+)\]/.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/** The last reason that requests are blocked for in legacy mode alone. */
const lastLegacyReason = 0xe;

/** What it means that a reason of legacy mode stands beside tables of scalable mode. */
export const modeHint = ({ reason, of }: Fault, dump: Dump | undefined): readonly string[] =>
  of === "dma" && reason !== undefined && reason <= lastLegacyReason && dump?.scalable === true
    ? [
        `${reasonText(reason)} is a reason of legacy mode, and the dump shows tables of scalable ` +
          "mode: the unit blocked the request before the kernel's tables were in use, by those " +
          "of the firmware or of another kernel; or it is an emulation that tells such reasons.",
      ]
    : [];

/** What a paste makes likely of faults that are alike. */
export function hintsOf(
  evidence: Evidence,
  faults: readonly Fault[],
  seconds: number | undefined,
): readonly string[] {
  const [one] = faults;
  if (one === undefined) return [];
  const hints = [...regionHint(evidence, faults), ...phantomHint(faults, evidence.faults)];
  const { address, source, of, reason } = one;
  if (address !== undefined && address >= interruptRange.first && address < interruptRange.end) {
    hints.push("The address is one of interrupts (0xFEExxxxx), and the request was none.");
  }
  if (address === 0n) {
    hints.push(
      "The address is 0: a descriptor of the device that was never filled, or was cleared.",
    );
  }
  if (of === "dma" && source === 0x10 && seconds !== undefined && isEarly(seconds)) {
    hints.push(
      "00:02.0 is the processor's graphics, and the fault comes early: the display still shows " +
        "what the firmware set up when translation is turned on.",
    );
  }
  if (of === "interrupt" && source !== undefined && source >> 8 >= 0xf0) {
    hints.push(
      `${formatSourceId(source)} is no device on a bus: firmware gives such source-ids to an ` +
        "IOAPIC or HPET; the scopes of the DMAR table say which.",
    );
  }
  if (reason === 0x25 && one.index !== undefined && one.index > 0xff) {
    hints.push("The index means nothing here: a request of the compatibility format has none.");
  }
  return hints;
}
