import { hexNumber, smallHex, sourceOf } from "../number-text.ts";
import type { Recogniser } from "../recogniser.ts";
import { firstOf } from "../recogniser.ts";

const beganForm =
  /print_vtd_entries: iommu(?: =)? (\S+) (?:dev |bdf = )([0-9a-f:.]+) gmfn(?: =)? ([0-9a-f]+)/i;

/** Old versions print `bus:device:function` with as few digits as there are. */
function deviceOf(text: string): ReturnType<typeof sourceOf> {
  const [, bus, device, fn] = /^([0-9a-f]{1,2}):([0-9a-f]{1,2}):([0-7])$/i.exec(text) ?? [];
  return sourceOf(fn === undefined ? text : `${bus}:${device}.${fn}`);
}

const began: Recogniser = (words) => {
  const [, unit = "", device = "", frame] = beganForm.exec(words) ?? [];
  const page = hexNumber(frame);
  if (page === undefined) return undefined;
  const source = deviceOf(device);
  return { kind: "dumpBegan", from: "Xen", unit, source, iova: page << 12n };
};

const root: Recogniser = (words) => {
  const [, digits] = /^\s*root_entry\[[0-9a-f]+\] = ([0-9a-f]+)\s*$/.exec(words) ?? [];
  const word = hexNumber(digits);
  return word === undefined
    ? undefined
    : { kind: "entry", table: "root", words: [word], scalable: false };
};

const context: Recogniser = (words) => {
  const form = /^\s*context\[[0-9a-f]+\] = ([0-9a-f]+)_([0-9a-f]+)\s*$/;
  const [, high, low] = form.exec(words) ?? [];
  const [hi, lo] = [hexNumber(high), hexNumber(low)];
  if (hi === undefined || lo === undefined) return undefined;
  return { kind: "entry", table: "context", words: [lo, hi] };
};

const page: Recogniser = (words) => {
  const form = /^\s*l([1-6])\[([0-9a-f]+)\] = ([0-9a-f]+)(?: [r-][w-])?\s*$/;
  const [, level, index, digits] = form.exec(words) ?? [];
  const word = hexNumber(digits);
  if (word === undefined) return undefined;
  const at = smallHex(index);
  return { kind: "entry", table: "page", words: [word], level: Number(level), index: at };
};

const ended: Recogniser = (words) => {
  if (/^\s*iommu->root_maddr = 0\s*$/.test(words)) return { kind: "dumpEnded", why: "noRootTable" };
  if (/^\s*(?:root|ctxt)_entry\[[0-9a-f]+\] not present/.test(words)) {
    return { kind: "dumpEnded", why: "entryNotPresent" };
  }
  if (/Unsupported VTD page table level/.test(words)) {
    return { kind: "dumpEnded", why: "levelNotSupported" };
  }
  const level = smallHex(/^\s*l([1-6])\[[0-9a-f]+\] not present/.exec(words)?.[1]);
  return level === undefined ? undefined : { kind: "dumpEnded", why: "entryNotPresent", level };
};

/** Where Xen has mapped what it shows; older versions print it. */
const pointers: Recogniser = (words) =>
  /^\s*(?:root_entry|context|ctxt_entry|l[1-6](?:_index)?)(?:\[[0-9a-f]+\])? = [0-9a-f]+\s*$/.test(
    words,
  )
    ? { kind: "plain", what: "where the hypervisor has mapped a table" }
    : undefined;

/** The dump of the tables for one address, `print_vtd_entries`. */
export const readXenDump: Recogniser = firstOf([began, root, context, page, ended, pointers]);
