// Length: one pass over all that was seen, with what it fills.

import { withWholeFaults } from "../audit/trace/faults.ts";
import type { Observation as TraceObservation } from "../audit/trace/observation.ts";
import type { TextTable } from "../events/acpi/table-text.ts";
import type { Dump } from "./dump.ts";
import { withEntry } from "./dump.ts";
import type {
  DescriptorSeen,
  FaultSeen,
  InterruptRow,
  MapRow,
  MessageSeen,
  Observation,
  PageRow,
  PageTableSeen,
  QueueErrorSeen,
  QueueSeen,
  RegionSeen,
  TranslationRow,
} from "./observation.ts";
import type { Paste, UnrecognisedLine } from "./read-paste.ts";

/** Something and the line that it stands on. */
type At<T> = T & { readonly line: number };

/** One fault, and the dump that was printed behind it. */
export interface Fault extends FaultSeen {
  readonly line: number;
  readonly dump?: Dump | undefined;
}

/** An error of a queue, with the descriptors that were printed behind it. */
export interface QueueError {
  readonly line: number;
  readonly errors: readonly QueueErrorSeen[];
  readonly descriptors: readonly DescriptorSeen[];
}

/** What is known of a unit. */
export interface UnitKnown {
  readonly name: string;
  readonly line: number;
  readonly base?: bigint | undefined;
  readonly ver?: bigint | undefined;
  readonly cap?: bigint | undefined;
  readonly ecap?: bigint | undefined;
  readonly rootTable?: bigint | undefined;
  readonly registers: ReadonlyMap<string, bigint>;
}

/** All that a paste says, put together. */
export interface Evidence {
  readonly lineCount: number;
  readonly faults: readonly Fault[];
  /** Dumps that belong to no fault. */
  readonly dumps: readonly Dump[];
  readonly queueErrors: readonly QueueError[];
  readonly queues: readonly At<QueueSeen>[];
  readonly descriptors: readonly At<DescriptorSeen>[];
  readonly units: readonly UnitKnown[];
  readonly hostAddressWidth: number | undefined;
  readonly regions: readonly At<RegionSeen>[];
  readonly rows: readonly At<TranslationRow>[];
  readonly pageTables: readonly At<PageTableSeen>[];
  readonly pageRows: readonly At<PageRow>[];
  readonly interrupts: readonly At<InterruptRow>[];
  readonly maps: readonly At<MapRow>[];
  readonly messages: readonly At<MessageSeen>[];
  /** Fault status registers, each once, and how often it was told. */
  readonly statuses: ReadonlyMap<bigint, number>;
  readonly suppressed: number;
  /** Lines of other architectures, by which: where the first is, and how many. */
  readonly foreign: ReadonlyMap<string, { readonly line: number; readonly count: number }>;
  /** Lines that are known and say nothing that matters, by what they are. */
  readonly passedBy: ReadonlyMap<string, number>;
  readonly tables: readonly TextTable[];
  readonly unrecognised: readonly UnrecognisedLine[];
}

/** The faults of QEMU's messages, each put together from its lines. */
function emulatorFaults(seen: readonly TraceObservation[]): readonly Fault[] {
  return withWholeFaults(seen).flatMap((one): Fault[] => {
    if (one.kind !== "faulted") return [];
    const { line, source, iova, index, ...rest } = one;
    const of = index === undefined ? "dma" : "interrupt";
    const device = source as FaultSeen["source"];
    return [
      { ...rest, kind: "fault", from: "QEMU", of, line, source: device, address: iova, index },
    ];
  });
}

const count = <K>(counts: Map<K, number>, key: K, by = 1): void => {
  counts.set(key, (counts.get(key) ?? 0) + by);
};

/** The page of an address. */
const pageOf = (address: bigint): bigint => address >> 12n;

/** Whether a dump may be that of a fault. */
const isOf = ({ iova, source }: Dump, fault: Fault): boolean =>
  fault.dump === undefined &&
  (iova === undefined || fault.address === undefined || pageOf(iova) === pageOf(fault.address)) &&
  (source === undefined || fault.source === undefined || source === fault.source);

/** What is being put together. */
interface Draft {
  readonly faults: Fault[];
  readonly dumps: Dump[];
  readonly queueErrors: { line: number; errors: QueueErrorSeen[]; descriptors: DescriptorSeen[] }[];
  readonly units: Map<string, UnitKnown>;
  readonly emulator: TraceObservation[];
  readonly statuses: Map<bigint, number>;
  readonly foreign: Map<string, { line: number; count: number }>;
  readonly passedBy: Map<string, number>;
  readonly rows: At<TranslationRow>[];
  readonly pageTables: At<PageTableSeen>[];
  readonly pageRows: At<PageRow>[];
  readonly queues: At<QueueSeen>[];
  readonly descriptors: At<DescriptorSeen>[];
  readonly interrupts: At<InterruptRow>[];
  readonly maps: At<MapRow>[];
  readonly messages: At<MessageSeen>[];
  readonly regions: At<RegionSeen>[];
  dump: Dump | undefined;
  suppressed: number;
  hostAddressWidth: number | undefined;
}

const startDraft = (): Draft => ({
  ...{ faults: [], dumps: [], queueErrors: [], emulator: [], rows: [], pageTables: [] },
  ...{ pageRows: [], queues: [], descriptors: [], interrupts: [], maps: [], messages: [] },
  ...{ regions: [], units: new Map(), statuses: new Map(), foreign: new Map() },
  ...{ passedBy: new Map(), dump: undefined, suppressed: 0, hostAddressWidth: undefined },
});

/** The dump that was open goes to its fault, or stands by itself. */
function closeDump(draft: Draft): void {
  const { dump, faults } = draft;
  draft.dump = undefined;
  if (dump === undefined) return;
  const at = faults.findLastIndex((fault) => isOf(dump, fault));
  const fault = faults[at];
  if (fault === undefined) draft.dumps.push(dump);
  else faults[at] = { ...fault, dump };
}

/** A unit with something more that is known of it; its name may not have been told before. */
function addUnit(draft: Draft, line: number, name: string, more: Partial<UnitKnown>): void {
  const old = draft.units.get(name) ?? { name, line, registers: new Map<string, bigint>() };
  const told = Object.entries(more).filter(([, value]) => value !== undefined);
  draft.units.set(name, { ...old, ...Object.fromEntries(told) });
}

/** The error that further lines belong to, which are printed one after the other. */
function openError(draft: Draft, line: number): Draft["queueErrors"][number] {
  const last = draft.queueErrors.at(-1);
  if (last !== undefined && last.descriptors.length === 0) return last;
  const opened = { line, errors: [], descriptors: [] };
  draft.queueErrors.push(opened);
  return opened;
}

function takeDescriptor(draft: Draft, line: number, said: DescriptorSeen): void {
  const last = draft.queueErrors.at(-1);
  const isOfError = said.role === "head" || said.role === "before the head";
  if (isOfError && last !== undefined && last.descriptors.length < 2) last.descriptors.push(said);
  else draft.descriptors.push({ ...said, line });
}

function takeReason(draft: Draft, line: number, reason: number, of: string): void {
  const at = draft.faults.findLastIndex((fault) => fault.reason === undefined);
  const fault = draft.faults[at];
  if (fault !== undefined && (of === "unknown" || of === fault.of)) {
    draft.faults[at] = { ...fault, reason };
    return;
  }
  const kind = of === "interrupt" ? "interrupt" : "dma";
  const doubt = "the line before, with device and address, is missing";
  draft.faults.push({ kind: "fault", from: "Linux", of: kind, line, reason, doubt });
}

/** Takes down what changes a dump that is open, or ends it. */
function takeDump(draft: Draft, { line, said }: Observation): boolean {
  if (said.kind === "dumpBegan") {
    closeDump(draft);
    const { from, unit, source, iova } = said;
    draft.dump = { line, from, unit, source, iova, pages: [] };
    return true;
  }
  if (said.kind === "entry") {
    draft.dump = withEntry(draft.dump ?? { line, from: "Linux", pages: [] }, said);
    return true;
  }
  if (said.kind !== "dumpEnded") return false;
  const { why, level } = said;
  draft.dump = { ...(draft.dump ?? { line, from: "Linux", pages: [] }), end: { why, level } };
  closeDump(draft);
  return true;
}

/** Takes down one thing. Its line ends a dump, unless it is part of one. */
function take(draft: Draft, seen: Observation): void {
  if (takeDump(draft, seen)) return;
  const { line, said } = seen;
  closeDump(draft);
  switch (said.kind) {
    case "fault":
      draft.faults.push({ ...said, line });
      break;
    case "reason":
      takeReason(draft, line, said.reason, said.of);
      break;
    case "status":
      count(draft.statuses, said.value);
      break;
    case "suppressed":
      draft.suppressed += said.count;
      break;
    case "queueError":
      openError(draft, line).errors.push(said);
      break;
    case "descriptor":
      takeDescriptor(draft, line, said);
      break;
    case "emulator":
      draft.emulator.push({ ...said.seen, line });
      break;
    case "foreign": {
      const old = draft.foreign.get(said.architecture) ?? { line, count: 0 };
      draft.foreign.set(said.architecture, { ...old, count: old.count + 1 });
      break;
    }
    case "plain":
      count(draft.passedBy, said.what);
      break;
    default:
      takeTable(draft, seen);
  }
}

/** Takes down one thing that units, tables and messages are made of. */
function takeTable(draft: Draft, { line, said }: Observation): void {
  switch (said.kind) {
    case "unit": {
      const { kind: _kind, name, ...more } = said;
      addUnit(draft, line, name, more);
      break;
    }
    case "rootTable":
      addUnit(draft, line, said.unit, { rootTable: said.address });
      break;
    case "register": {
      addUnit(draft, line, said.unit, {});
      const unit = draft.units.get(said.unit);
      if (unit === undefined) break;
      const registers = new Map([...unit.registers, [said.name, said.value]]);
      draft.units.set(said.unit, { ...unit, registers });
      break;
    }
    case "listed":
      draft.hostAddressWidth = said.hostAddressWidth ?? draft.hostAddressWidth;
      count(draft.passedBy, "what the DMAR table has");
      break;
    case "translationRow":
      draft.rows.push({ ...said, line });
      break;
    case "pageTable":
      draft.pageTables.push({ ...said, line });
      break;
    case "pageRow":
      draft.pageRows.push({ ...said, line });
      break;
    case "queue":
      draft.queues.push({ ...said, line });
      break;
    case "interruptRow":
      draft.interrupts.push({ ...said, line });
      break;
    case "mapRow":
      draft.maps.push({ ...said, line });
      break;
    case "message":
      draft.messages.push({ ...said, line });
      break;
    case "region":
      draft.regions.push({ ...said, line });
      break;
    default:
      break;
  }
}

/** What CAP, ECAP and VER are by the registers that were dumped. */
function withCapabilities(unit: UnitKnown): UnitKnown {
  const { registers } = unit;
  return {
    ...unit,
    ver: unit.ver ?? registers.get("VER"),
    cap: unit.cap ?? registers.get("CAP"),
    ecap: unit.ecap ?? registers.get("ECAP"),
  };
}

/** Puts together all that a paste says. */
export function evidenceOf(paste: Paste): Evidence {
  const draft = startDraft();
  for (const seen of paste.observations) take(draft, seen);
  closeDump(draft);
  const { emulator, units, dump: _dump, faults, ...rest } = draft;
  const all = [...faults, ...emulatorFaults(emulator)].toSorted((a, b) => a.line - b.line);
  return {
    ...rest,
    faults: all,
    units: [...units.values()].map(withCapabilities),
    lineCount: paste.lineCount,
    tables: paste.tables,
    unrecognised: paste.unrecognised,
  };
}
