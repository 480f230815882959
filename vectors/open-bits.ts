import { bytesOfNumber, numberAt } from "../events/acpi/little-endian.ts";
import { FaultRecord } from "../events/fault/fault-record.ts";
import { masksOf } from "../events/layout/layout.ts";
import { Ccmd } from "../events/registers/command.ts";
import { Iotlb } from "../events/registers/iotlb.ts";

const { f, pp, pv, priv, exe } = masksOf(FaultRecord);

const allBut = (bytes: number, open: bigint): { readonly mask: Uint8Array } => ({
  mask: bytesOfNumber(((1n << BigInt(bytes * 8)) - 1n) & ~open, bytes),
});

/**
 * What the architecture leaves to the unit of what a register shows: the bits that count, or other
 * bytes that are right too. The same as the comparison of programs passes by.
 */
export function openBits(
  name: string,
  shown: Uint8Array,
): { readonly mask?: Uint8Array; readonly or?: Uint8Array } {
  const { length } = shown;
  const value = numberAt(shown, 0, length);
  if (name.startsWith("FRCD")) {
    // The other fields of a record mean something while F is set; PV, PRIV and EXE with PP.
    if ((value & f) === 0n) return { mask: bytesOfNumber(f, length) };
    return (value & pp) === 0n ? allBut(length, pv | priv | exe) : {};
  }
  // More than what was asked for may be invalidated, and CAIG and IAIG say so.
  if (name === "CCMD") return allBut(length, Ccmd.mask("caig"));
  if (name === "IOTLB") return allBut(length, Iotlb.mask("iaig"));
  // IQEI 0: nothing is said about the error.
  const isTold = name === "IQERCD" && value > 0n && value < 16n;
  return isTold ? { or: new Uint8Array(length) } : {};
}
