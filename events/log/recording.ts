import type { SourceId } from "../address.ts";
import { gpa, sourceId } from "../address.ts";
import type { Shape } from "../field.ts";
import {
  bytes,
  device,
  FieldError,
  gpaField,
  integer,
  iovaField,
  list,
  optional,
  shapeFromJson,
  text,
  word,
} from "../field.ts";
import type { Input } from "../input.ts";
import { impossible } from "../input-check.ts";
import type { Setup } from "../setup.ts";
import { quoted } from "./excerpt.ts";
import type { RawObject } from "./log-error.ts";
import { LogError, parseObject } from "./log-error.ts";
import { placeGuest, recordedRamBytes } from "./recording-placement.ts";

/** What the first line says, as far as the model needs it; the rest is provenance. */
const headerFields = { ver: word, cap: word, ecap: word, devices: optional(list(text)) } as const;

const direction = integer(0, 1);

/** Every other line, by the field that none but it has. */
const lines = {
  mmio: { mmio: word, size: integer(1, 8), value: word },
  mmioRead: { mmioRead: word, size: integer(1, 8), value: optional(word) },
  mem: { mem: gpaField, hex: bytes },
  dma: {
    dma: device,
    iova: iovaField,
    gpa: gpaField,
    mask: word,
    write: optional(direction),
  },
  fault: { fault: iovaField, sid: word, reason: integer(0, 255), write: direction },
  msi: { msi: word, data: word, outAddr: word, outData: word },
  note: { note: text },
} as const;

type Kind = keyof typeof lines;
type Line<K extends Kind> = Shape<(typeof lines)[K]>;

const isKind = (name: string): name is Kind => Object.hasOwn(lines, name);

const narrow = (value: bigint, limit: number, name: string): number => {
  if (value <= BigInt(limit)) return Number(value);
  throw new FieldError(`${name}: expected at most 0x${limit.toString(16)}`);
};

const accessOf = (write: number): "read" | "write" => (write === 1 ? "write" : "read");

function importDma(line: Line<"dma">): Input {
  const observed = { gpa: gpa((line.gpa & ~line.mask) | (line.iova & line.mask)) };
  const request = { type: "Dma", device: line.dma, iova: line.iova, observed } as const;
  return line.write === undefined ? request : { ...request, access: accessOf(line.write) };
}

const importers: { readonly [K in Kind]: (line: Line<K>) => Input } = {
  mmio: ({ mmio, size, value }) => {
    return { type: "RegisterWrite", offset: narrow(mmio, 4095, "mmio"), size, value };
  },
  mmioRead: ({ mmioRead, size, value }) => {
    const read = {
      type: "RegisterRead",
      offset: narrow(mmioRead, 4095, "mmioRead"),
      size,
    } as const;
    return value === undefined ? read : { ...read, observed: value };
  },
  mem: (line) => ({ type: "MemoryWrite", gpa: line.mem, bytes: line.hex, flushed: true }),
  dma: importDma,
  fault: ({ fault, sid, reason, write }) => ({
    type: "Dma",
    device: sourceId(narrow(sid, 0xffff, "sid")),
    iova: fault,
    access: accessOf(write),
    observed: { reason },
  }),
  msi: ({ msi, data, outAddr, outData }) => ({
    type: "MsiRequest",
    address: msi,
    data: narrow(data, 0xffff_ffff, "data"),
    observed: { address: outAddr, data: narrow(outData, 0xffff_ffff, "outData") },
  }),
  note: (line) => ({ type: "Note", text: line.note }),
};

function readLine<K extends Kind>(kind: K, raw: RawObject): Input {
  const input = importers[kind](shapeFromJson(lines[kind], raw) as unknown as Line<K>);
  const wrong = impossible(input);
  if (wrong !== undefined) throw new FieldError(`${kind}: ${wrong.field}: ${wrong.why}`);
  return input;
}

/**
 * Where the emulator put the devices of its command line: at `addr=SLOT.FUNCTION`, or in the next
 * slot of bus 0 from 1. The IOMMU itself is no PCI device.
 */
function placeDevices(options: readonly string[]): SourceId[] {
  let nextSlot = 1;
  const placed: SourceId[] = [];
  for (const option of options) {
    if (/iommu/.test(option.split(",", 1)[0] ?? "")) continue;
    const address = /,addr=(?:0x)?([0-9a-f]{1,2})(?:\.([0-7]))?(?:,|$)/.exec(option);
    const slot = address ? Number.parseInt(address[1] ?? "0", 16) & 0x1f : nextSlot++;
    placed.push(sourceId((slot << 3) | Number(address?.[2] ?? 0)));
  }
  return placed;
}

/** A recording whose first line has been read. */
export interface Recording {
  readonly setup: Setup;
  /**
   * The inputs of any line but the first: one, and before it a DeviceAssign when the line is the
   * first access of a device that the first line does not place.
   *
   * @throws LogError when the line is not one of a recording.
   */
  readonly read: (line: string, lineNumber: number) => readonly Input[];
}

function checked<T>(lineNumber: number, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FieldError) throw new LogError(lineNumber, error.message);
    throw error;
  }
}

function setupOf(raw: RawObject, ramBytes: bigint): Setup {
  const {
    ver,
    cap,
    ecap,
    devices = [],
  } = shapeFromJson(headerFields, {
    ver: raw["ver"],
    cap: raw["cap"],
    ecap: raw["ecap"],
    devices: raw["devices"],
  });
  const name = (raw["meta"] as RawObject | null | undefined)?.["name"];
  const physical = ((cap >> 7n) & 1n) === 1n;
  const guest = {
    ver,
    cap,
    ecap,
    p2m: placeGuest(ramBytes),
    devices: placeDevices(devices).map((source) => ({ device: source, physical })),
  };
  return { guests: [typeof name === "string" ? { profile: name, ...guest } : guest] };
}

/**
 * Reads the first line of a recording, `{"recording":1,...}`. With caching mode its devices are
 * physical ones, without it virtual ones, which need no shadow.
 *
 * @param ramBytes  bytes of guest memory from GPA 0; see `placeGuest`.
 * @throws LogError when it is not a first line, of a later format, or lacks a capability register.
 */
export function openRecording(line: string, ramBytes: bigint = recordedRamBytes): Recording {
  const header = parseObject(line, 1);
  if (header["recording"] !== 1) {
    const version = quoted(header["recording"]);
    throw new LogError(1, `recording format ${version}; this reads 1`);
  }
  const setup = checked(1, () => setupOf(header, ramBytes));
  const known = new Set<number>(setup.guests[0]?.devices.map((of) => of.device));
  const physical = ((setup.guests[0]?.cap ?? 0n) >> 7n) % 2n === 1n;
  const read = (text: string, lineNumber: number): readonly Input[] => {
    const raw = parseObject(text, lineNumber);
    const kind = Object.keys(raw).find(isKind);
    if (kind === undefined) {
      const first = quoted(Object.keys(raw)[0] ?? "");
      throw new LogError(lineNumber, `unknown line of a recording: ${first}`);
    }
    const input = checked(lineNumber, () => readLine(kind, raw));
    if (input.type !== "Dma" || known.has(input.device)) return [input];
    known.add(input.device);
    return [{ type: "DeviceAssign", device: input.device, physical }, input];
  };
  return { setup, read };
}
