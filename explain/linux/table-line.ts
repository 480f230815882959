import { hex } from "../../events/address.ts";
import { decimal, hexNumber, smallHex } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";
import { firstOf } from "../recogniser.ts";

/** `dmar0: reg_base_addr …`, before that `IOMMU 0: reg_base_addr …` and `IOMMU fed90000: …`. */
const unitForm = new RegExp(
  String.raw`(?:(dmar\d+)|IOMMU (\S+)): (?:reg_base_addr ([0-9a-f]+) )?` +
    String.raw`ver (\d+):(\d+) cap ([0-9a-f]+) ecap ([0-9a-f]+)`,
  "i",
);

const unit: Recogniser = (words) => {
  const [, name, old, at, major, minor, cap, ecap] = unitForm.exec(words) ?? [];
  if (cap === undefined) return undefined;
  const number = old !== undefined && /^\d{1,3}$/.test(old) ? `dmar${old}` : old;
  return {
    kind: "unit",
    name: name ?? number ?? "",
    base: hexNumber(at ?? (number === old ? old : undefined)),
    ver: (BigInt(major ?? 0) << 4n) | BigInt(minor ?? 0),
    cap: hexNumber(cap),
    ecap: hexNumber(ecap),
  };
};

const region: Recogniser = (words) => {
  const form = /RMRR base: (0x[0-9a-f]+) +end: (0x[0-9a-f]+)/;
  const [, first, last] = form.exec(words) ?? [];
  const [base, end] = [hexNumber(first), hexNumber(last)];
  return base === undefined || end === undefined ? undefined : { kind: "region", base, end };
};

const width: Recogniser = (words) => {
  const bits = decimal(/Host address width (\d+)/.exec(words)?.[1]);
  if (bits === undefined) return undefined;
  return { kind: "listed", what: "host address width", hostAddressWidth: bits };
};

const others: Recogniser = (words) => {
  const drhd = /DRHD base: (0x[0-9a-f]+) flags: (0x[0-9a-f]+)/.exec(words);
  if (drhd !== null) {
    const isAll = ((smallHex(drhd[2]) ?? 0) & 1) === 1;
    const base = hex(hexNumber(drhd[1]) ?? 0n);
    return { kind: "listed", what: `unit at ${base}${isAll ? ", for all other devices" : ""}` };
  }
  const rhsa = /RHSA base: (0x[0-9a-f]+) proximity domain: (0x[0-9a-f]+)/.exec(words);
  if (rhsa !== null) return { kind: "listed", what: `NUMA node of a unit` };
  return /(?:ATSR|SATC) flags: 0x[0-9a-f]+|ANDD device: /.test(words)
    ? { kind: "listed", what: "an entry of the DMAR table" }
    : undefined;
};

/** What Linux lists of the firmware's DMAR table and of the units at boot. */
export const readLinuxTable: Recogniser = firstOf([unit, region, width, others]);
