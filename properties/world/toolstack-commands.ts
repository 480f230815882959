import { gpa, iova, sourceId } from "../../events/address.ts";
import type { Input, InputOf } from "../../events/input.ts";
import { Gcmd } from "../../events/registers/command.ts";
import { at } from "../../events/registers/offset.ts";
import { arena, sources } from "./arena.ts";
import { boot, writeLegacy } from "./boot.ts";
import type { Driver } from "./driver.ts";
import { emit, pick } from "./driver.ts";
import type { Command, Draw } from "./mapping-commands.ts";
import { pageFrom } from "./mapping-commands.ts";

type Posted = "rfc1" | "v2" | "v3" | "v4";
const versions = ["own", "rfc1", "v2", "v3", "v4"] as const;

const spoken = (version: Posted | undefined) =>
  version === undefined ? {} : { interface: version };

/** A request for a unit as a version has it: right, or wrong in one thing by draw. */
function requestFor(guest: number, version: Posted | undefined, wrong: number) {
  const typed = version !== "rfc1";
  const sized = version === "rfc1" || version === "v2";
  const unitType = version === "v2" ? 1n : 0n;
  const right: Omit<InputOf<"UnitCreate">, "guest"> = {
    type: "UnitCreate",
    base: gpa(0xfed9_0000n),
    caps: BigInt(guest & 1),
    ...spoken(version),
    ...(typed ? { unitType } : {}),
    ...(sized ? { length: 4096n } : {}),
  };
  const errors: readonly Partial<InputOf<"UnitCreate">>[] = [
    { base: gpa(0xfed9_0008n) },
    { base: gpa(1n << 60n) },
    { caps: 3n },
    { unitType: 7n },
    { length: 0x800n },
    { ecap: 8n, caps: 1n },
  ];
  return { ...right, ...(errors[wrong] ?? {}) };
}

/** What may be asked of a unit, and what its guest may do, while there is none. */
function withoutUnit(driver: Driver, draw: Draw): void {
  emit(driver, { type: "RegisterRead", offset: draw.where & 0xfff, size: 1 + (draw.extra & 7) });
  const asked: readonly Input[] = [
    { type: "UnitQuery" },
    { type: "UnitQuery", interface: "v3", unitType: 0n },
    { type: "UnitDestroy", id: 1n },
    { type: "UnitDestroy" },
    { type: "UnitReset" },
    { type: "UnitSave" },
    { type: "UnitRestore", record: "" },
    { type: "RegisterWrite", offset: at.gcmd, size: 4, value: Gcmd.mask("te") },
  ];
  for (const input of asked.filter((_, index) => ((draw.where >> index) & 1) === 1)) {
    emit(driver, input);
  }
}

/** The toolstack asks what a unit may have, or for one where there is one or is none. */
export const life: Command = (driver, draw) => {
  const named = pick(versions, draw.what);
  const version = named === "own" ? undefined : named;
  const asked = spoken(version);
  const unitType = version === "v2" ? { unitType: 1n } : {};
  if (draw.how % 3 === 0) emit(driver, { type: "UnitQuery", ...asked, ...unitType });
  if (draw.how % 3 === 1) emit(driver, requestFor(draw.extra, version, draw.where % 7));
  if (draw.how % 3 !== 2) return;
  const id = draw.extra % 4 === 3 ? { id: 1n } : {};
  emit(driver, { type: "UnitDestroy", ...asked, ...id });
  if (version === "v4" || draw.extra % 4 === 3) return;
  driver.command = 0;
  driver.tail = 0;
  if (draw.extra % 8 === 6) return;
  withoutUnit(driver, draw);
  for (let wrong = 0; wrong < 6; wrong++) emit(driver, requestFor(draw.extra, version, wrong));
  const remaps = driver.profile.interruptRemapping ? 1 : 0;
  emit(driver, requestFor(remaps, version, -1));
  const domains = [1, 2, 3, 4, 5].map((index) => draw.what + index * 16);
  const plan = { queued: true, translate: true, unmask: false, domains, maps: [], bindings: [] };
  if (!driver.isScalable) writeLegacy(driver, plan);
  boot(driver, plan);
};

const deviceSources = [
  sources.virtual,
  sources.virtual,
  sources.first,
  sources.function4,
  sources.otherBus,
];

/** A device model asks for a page. */
export const ask: Command = (driver, draw) => {
  const device = sourceId(pick(deviceSources, draw.what));
  const page = draw.where % 9 === 8 ? pick(arena.data, draw.extra) : pageFrom(driver, draw.where);
  const access = pick([{}, { access: "read" }, { access: "write" }] as const, draw.how);
  const at = iova((BigInt(page) << 12n) + BigInt(draw.extra & 0xfff));
  emit(driver, { type: "DeviceTranslate", device, iova: at, ...access });
};
