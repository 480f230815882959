import { describe, expect, test } from "vitest";
import type { Gpa, Iova } from "../../events/address.ts";
import type { Input, InputOf } from "../../events/input.ts";
import { profiles } from "../../events/profile/profiles.ts";
import { at } from "../../events/registers/offset.ts";
import { shadowsOf } from "../../projections/shadow/shadow.ts";
import {
  booted,
  command,
  ire,
  page,
  qie,
  queueOn,
  reads,
  sirtp,
  submit,
  te,
  waitStatus,
  write,
  write8,
  writes,
} from "./driver.ts";
import type { Inputs, Scene } from "./given.ts";
import { given } from "./given.ts";
import { guestWith, hostBase, nvme, unit } from "./unit.ts";

type Create = Omit<InputOf<"UnitCreate">, "type" | "base" | "caps">;

const destroy: Input = { type: "UnitDestroy" };
const create = (changes: Create = {}, base = 0xfed9_0000n, caps = 1n): Input => ({
  type: "UnitCreate",
  base: base as Gpa,
  caps,
  ...changes,
});
const result = (scene: Scene): string | undefined => scene.of("UnitOperationAnswered")[0]?.result;
const gone = given(unit(), booted, queueOn, destroy);

describe("creating", () => {
  test("[LC2] the set-up's guests have a unit; a second is -E2BIG", () => {
    expect(result(given(unit()).when(create()))).toBe("-E2BIG");
    expect(given(unit()).guest().base).toBe(0xfed9_0000n);
  });

  test("[LC3] a unit that is created has the base, the words and the id 0", () => {
    const words = { ver: 0x10n, cap: profiles.everything.cap, ecap: profiles.everything.ecap };
    const scene = gone.when(create(words, 0xfed9_1000n));
    expect(scene.types).toEqual(["UnitCreated", "UnitOperationAnswered"]);
    expect(scene.of("UnitOperationAnswered")).toMatchObject([{ result: "0", id: 0 }]);
    expect(scene.guest().base).toBe(0xfed9_1000n);
    expect(scene.register(8, 8)).toBe(words.cap);
    expect(scene.register(at.gsts)).toBe(0n);
    expect(gone.when(create()).register(8, 8)).toBe(given(unit()).register(8, 8));
  });

  test("[LC4] type, base, length and capabilities that cannot be are -EINVAL", () => {
    const refused = [
      create({ unitType: 1n }),
      create({}, 0xfed9_0800n),
      create({}, 1n << 40n),
      create({ length: 0x1800n }),
      create({}, 0xfed9_0000n, 2n),
      create({ cap: 1n << 3n }),
    ];
    for (const input of refused) expect(result(gone.when(input))).toBe("-EINVAL");
    const plain = given(unit({ ecap: { ir: false, eim: false } }), destroy);
    expect(result(plain.when(create()))).toBe("-EINVAL");
    expect(result(plain.when(create({}, 0n, 0n)))).toBe("0");
  });

  test("[LC5] each posted version has its own words for the type and the length", () => {
    const says = (input: Create) => result(gone.when(create(input)));
    expect(says({ interface: "rfc1", length: 4096n })).toBe("0");
    expect(says({ interface: "rfc1", length: 4096n, unitType: 0n })).toBe("-EINVAL");
    expect(says({ interface: "v2", length: 4096n, unitType: 1n })).toBe("0");
    expect(says({ interface: "v2", unitType: 1n })).toBe("-EINVAL");
    expect(says({ interface: "v3", unitType: 0n })).toBe("0");
    expect(says({ interface: "v4", unitType: 1n })).toBe("-EINVAL");
    expect(says({ interface: "v4", unitType: 0n, length: 4096n })).toBe("-EINVAL");
  });

  test("[LC6] without the capability a unit has no interrupt remapping", () => {
    const scene = gone.when(create({}, 0n, 0n));
    expect(scene.register(0x10, 8) & 0x18n).toBe(0n);
    expect(scene.when(destroy, create()).register(0x10, 8) & 0x18n).toBe(0x18n);
  });
});

describe("asking and destroying", () => {
  test("[LC7] a query tells the capabilities; versions 3 and 4 know none", () => {
    const ask = (input: Omit<InputOf<"UnitQuery">, "type">) =>
      given(unit()).when({ type: "UnitQuery", ...input });
    expect(ask({}).of("UnitOperationAnswered")).toMatchObject([{ result: "0", caps: 1n }]);
    expect(result(ask({ interface: "v2", unitType: 1n }))).toBe("0");
    expect(result(ask({ interface: "v2", unitType: 2n }))).toBe("-EINVAL");
    expect(result(ask({ interface: "v3" }))).toBe("-ENOSYS");
    expect(result(ask({ interface: "v4" }))).toBe("-ENOSYS");
  });

  test("[LC8] destroying needs the unit and its id; version 4 cannot", () => {
    const scene = given(unit());
    expect(result(scene.when({ ...destroy, type: "UnitDestroy", interface: "v4" }))).toBe(
      "-ENOSYS",
    );
    expect(result(scene.when({ type: "UnitDestroy", id: 1n }))).toBe("-EINVAL");
    expect(result(gone.when(destroy))).toBe("-EINVAL");
  });

  test("[LC9] where there is no unit the bus answers ones and writes are refused", () => {
    const read = gone.when({ type: "RegisterRead", offset: at.gsts, size: 3 });
    expect(read.of("RegisterAnswered")).toMatchObject([{ value: 0xff_ffffn }]);
    expect(gone.when(command(te)).refusals).toEqual(["the guest has no unit"]);
    expect(gone.when({ type: "UnitReset" }).refusals).toEqual(["the guest has no unit"]);
    expect(gone.when({ type: "UnitSave" }).refusals).toEqual(["the guest has no unit"]);
  });

  test("[LC10] a unit that goes takes its shadows along; devices reach what the P2M grants", () => {
    const issue: Input = {
      ...{ type: "DmaIssue", tag: 1, device: nvme, iova: page as Iova, access: "read", length: 8 },
    } as Input;
    const scene = given(unit(), booted, issue).when(destroy);
    expect(scene.types).toEqual([
      ...["DmaLanded", "UnitDestroyed", "UnitOperationAnswered"],
      ...["HostEntryChanged", "ShadowDropped"],
    ]);
    expect(shadowsOf(scene.guest())).toEqual([]);
    const reached = scene.when(reads(0x7000n)).of("DmaLanded");
    expect(reached).toMatchObject([{ hpa: hostBase + 0x7000n }]);
  });

  test("[LC11] a new unit knows nothing of the one before", () => {
    const scene = gone.when(create());
    expect(scene.register(at.iqa, 8)).toBe(0n);
    expect(scene.when(command(te)).refusals).toHaveLength(1);
    const again = scene.when(booted, reads(page));
    expect(again.of("DmaLanded")).toMatchObject([{ gpa: 0x7000n }]);
  });
});

describe("the virtual VT-d of 2017", () => {
  const { ver, cap, ecap, haw } = profiles["xen-vvtd"];
  const { p2m, devices } = guestWith();
  /** Walks do not snoop (ECAP.C is 0): what is written must be flushed. */
  const flushed = (inputs: Inputs): Inputs => {
    if (!("type" in inputs)) return inputs.map(flushed);
    return inputs.type === "MemoryWrite" ? { ...inputs, flushed: true } : inputs;
  };
  const start = given({ guests: [{ ver, cap, ecap, haw, p2m, devices }] });

  test("[VV1] a Linux guest boots its interrupt remapping on it: SIRTP, IRE, QIE", () => {
    const queue = [write8(at.iqt, 0n), write8(at.iqa, 0x8000n), command(qie)];
    const queued = start.when(write(at.fectl, 0n), queue);
    expect(queued.register(at.gsts)).toBe(qie);
    const table = queued.when(write8(at.irta, 0xb80fn), command(qie | sirtp));
    const told = table.when(flushed(submit(4n, waitStatus(0x9000n, 2))));
    expect(told.types).toContain("InterruptEntriesInvalidated");
    expect(told.word(0x9000n)).toBe(2n);
    const enabled = told.when(command(qie | ire));
    expect(enabled.register(at.gsts)).toBe(qie | ire | sirtp);
  });

  test("[VV2] it announces widths, so that TE must come on", () => {
    const on = start.when(flushed(booted));
    expect(on.register(at.gsts) & te).toBe(te);
    expect(on.when(writes(page)).of("DmaBlocked")).toMatchObject([{ reason: 3 }]);
  });
});
