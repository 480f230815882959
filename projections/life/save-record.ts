import { hex, hpa, pageOf } from "../../events/address.ts";
import { integer, text, word } from "../../events/field.ts";
import { newComposition } from "../../tables/compose.ts";
import { frameOf, hasFrame, readable, writable } from "../../tables/mapping.ts";
import { pageAt } from "../../tables/memory.ts";
import type { Owners } from "../../tables/p2m.ts";
import { get } from "../../tables/page-tree.ts";
import { radixForEach } from "../../tables/radix.ts";
import { pageText } from "../digest.ts";
import type { Guest, InFlight } from "../guest.ts";
import type { Shadow } from "../shadow/shadow.ts";
import { gpaLevels, noShadows, shadowsOf, withShadow } from "../shadow/shadow.ts";
import { savedTlbs, tlbsOf } from "./save-device.ts";
import { keyed, numberLists, whole } from "./save-field.ts";
import { cacheOf, runsInGuest } from "./save-frames.ts";
import type { SavedFlight, SavedShadow, SavedState } from "./save-guest.ts";
import { devicesField, stateFields } from "./save-guest.ts";
import { savedSpace, spaceOf } from "./save-space.ts";
import { digestOf, recordOf, refuse } from "./save-text.ts";
import type { NodeReader } from "./save-tree.ts";
import { nodeReader, nodeWriter } from "./save-tree.ts";

const unreadable = "unreadable";
const pageDigests = new WeakMap<object, string>();

/** What walks read in a guest page, by its digest. */
function digestOfPage(guest: Guest, gfn: number): string {
  if (!readable(guest.p2m, gfn)) return unreadable;
  const page = pageAt(guest.memory, gfn);
  if (page === undefined) return digestOf("");
  const known = pageDigests.get(page);
  if (known !== undefined) return known;
  const made = digestOf(pageText(page));
  pageDigests.set(page, made);
  return made;
}

interface Words {
  readonly ver: bigint;
  readonly cap: bigint;
  readonly ecap: bigint;
  readonly haw: number;
}
const wordsField = whole<Words>({ ver: word, cap: word, ecap: word, haw: integer(32, 52) });
const wordsOf = ({ profile: { ver, cap, ecap, haw } }: Guest): Words => ({ ver, cap, ecap, haw });

/** Digests of the pages that walks read, by guest page number. */
function pagesOf(guest: Guest): Readonly<Record<number, string>> {
  const digests: Record<number, string> = {};
  radixForEach(guest.tables, 0, Number.MAX_SAFE_INTEGER, (gfn) => {
    digests[gfn] = digestOfPage(guest, gfn);
  });
  return digests;
}
const pagesField = keyed(text);

const mapped = <A, B>(
  values: Readonly<Record<number, A>>,
  change: (value: A) => B,
): Readonly<Record<number, B>> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));

function stateOf(guest: Guest, owners: Owners, shape: (host: Shadow) => number): SavedState {
  const { index, charts, queue } = guest;
  const shadows: Record<number, SavedShadow> = {};
  for (const shadow of shadowsOf(guest)) {
    const iotlb = runsInGuest(shadow.iotlb, owners, index);
    shadows[shadow.id] = { ...shadow, host: shape(shadow), iotlb };
  }
  const spaces = mapped(guest.spaces, (stage) => savedSpace(stage, owners, index));
  return {
    ...guest,
    charts: { ...charts, life: "present" },
    queue: { ...queue, state: queue.state === "fetching" ? "idle" : queue.state },
    shadows,
    spaces,
    deviceTlbs: savedTlbs(guest.deviceTlbs, owners, index),
    passThroughCache: runsInGuest(guest.passThroughCache, owners, index),
  };
}

/**
 * A unit and what the host keeps for it, as text: all but memory, P2M and devices. No host address
 * is in it. A first line with the record's version, the length of the rest and its SHA-256; then
 * the rest, as JSON.
 */
export function saveGuest(guest: Guest, owners: Owners): string {
  const nodes = nodeWriter();
  const fields = stateFields(nodes);
  const state = whole<SavedState>(fields).toJson(
    stateOf(guest, owners, ({ host }) => nodes.write(host.root, host.levels * 2, "shape")),
  );
  const body = JSON.stringify({
    profile: wordsField.toJson(wordsOf(guest)),
    devices: devicesField.toJson(guest.devices.bySource),
    pages: pagesField.toJson(pagesOf(guest)),
    state,
    nodes: nodes.rows,
  });
  return recordOf(body);
}

/** Whether walks read here what they read where the record was made. */
function checkPages(guest: Guest, raw: unknown): void {
  for (const [gfn, digest] of Object.entries(pagesField.fromJson(raw))) {
    if (digestOfPage(guest, Number(gfn)) === digest) continue;
    refuse(`guest page ${hex(Number(gfn))}, a table, is not as it was`);
  }
}

function shadowOf(guest: Guest, saved: SavedShadow, nodes: NodeReader): Shadow {
  const { id, did, root, levels, stage, pending, places } = saved;
  const placeLevels = gpaLevels(guest.profile.haw);
  const fits = stage.levels === levels && pending.levels === levels;
  if (!fits || places.levels !== placeLevels) refuse("a shadow has trees of the wrong size");
  const composition = newComposition(guest.p2m);
  const host = nodes.compose(saved.host, stage.root, levels * 2, composition);
  return {
    ...{ id, did, root, levels, stage },
    host: { levels, linear: true, root: host },
    ...{ pending, places },
    iotlb: cacheOf(saved.iotlb, levels, guest.p2m),
  };
}

/** A request in flight, behind the P2M as it is here. */
function flightOf(guest: Guest, saved: SavedFlight): InFlight {
  const { gpa } = saved;
  const page = gpa === undefined ? -1 : pageOf(gpa);
  const grants = saved.access === "write" ? writable : readable;
  if (gpa === undefined || !grants(guest.p2m, page)) {
    return refuse("a request in flight uses a page that the P2M does not grant");
  }
  const grant = get(guest.p2m, page);
  if (!hasFrame(grant)) return refuse("a request in flight uses a page that is not there");
  const host = hpa((BigInt(frameOf(grant)) << 12n) + (gpa & 0xfffn));
  return { ...saved, gpa, hpa: host };
}

/**
 * What changes of a guest when its unit becomes what a record's body says. Memory, P2M and devices
 * stay; what the unit was before is gone, requests in flight too.
 *
 * @throws RecordError or FieldError when it cannot be.
 */
export function stateFrom(guest: Guest, body: Readonly<Record<string, unknown>>): Partial<Guest> {
  const words = wordsField.fromJson(body["profile"]);
  const same = JSON.stringify(wordsField.toJson(wordsOf(guest)));
  if (JSON.stringify(wordsField.toJson(words)) !== same) {
    refuse("the record is of a unit with other capabilities");
  }
  const devices = JSON.stringify(devicesField.toJson(guest.devices.bySource));
  if (JSON.stringify(body["devices"]) !== devices) refuse("the record is of other devices");
  checkPages(guest, body["pages"]);
  const nodes = nodeReader(numberLists.fromJson(body["nodes"]));
  const state = whole<SavedState>(stateFields(nodes)).fromJson(body["state"]);
  const sizes = state.registers.length === guest.registers.length;
  const { records, next } = state.faults;
  if (!sizes || records.length !== guest.profile.nfr || next >= records.length) {
    refuse("the record has registers that the unit has not");
  }
  return {
    ...state,
    shadows: Object.values(state.shadows)
      .map((one) => shadowOf(guest, one, nodes))
      .reduce(withShadow, noShadows),
    spaces: mapped(state.spaces, (one) => spaceOf(guest, one)),
    passThroughCache: cacheOf(state.passThroughCache, guest.p2m.levels, guest.p2m),
    deviceTlbs: tlbsOf(guest, state.deviceTlbs),
    inFlight: mapped(state.inFlight, (one) => flightOf(guest, one)),
  };
}
