import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Gpa } from "../events/address.ts";
import type { Input, InputOf } from "../events/input.ts";
import { Cap } from "../events/registers/capability.ts";
import type { Setup } from "../events/setup.ts";
import type { Step } from "../history/step.ts";
import { stepOf } from "../history/step.ts";
import { askOf } from "../hypervisor/device/rights.ts";
import type { Translation } from "../hypervisor/translate/three-answers.ts";
import { translate } from "../hypervisor/translate/translate.ts";
import { deviceAt } from "../projections/device/devices.ts";
import type { World } from "../projections/world.ts";
import { contextEntry, dma, memory, page, tables, turnOn, width4 } from "./examples/driver.ts";
import type { Inputs } from "./examples/given.ts";
import { given } from "./examples/given.ts";
import {
  below,
  context,
  contextTable,
  data,
  pasidDma,
  pasids,
  pasidTable,
  scalableOn,
  scalableTables,
  scalableUnit,
} from "./examples/scalable-driver.ts";
import { nvme, unit } from "./examples/unit.ts";
import { judge } from "./judge.ts";
import { runOf } from "./laws/run.ts";
import { anyProgram, programsOf } from "./world/program.ts";
import { anyGuests } from "./world/setup.ts";

/** What `translate` says of a DMA before it is sent. */
function foretold(world: World, request: InputOf<"Dma">, write = request.access === "write") {
  const { guest = 0, device, iova, pasid } = request;
  return translate(world, guest, device, iova, { ...askOf(request, write), pasid });
}

/** A step that is recorded as it happened; nothing where the host alone decided. */
function asItHappened(step: Step): Step {
  const { input, facts } = step;
  const translated = facts.find((fact) => fact.type === "DmaTranslated");
  const blocked = facts.find((fact) => fact.type === "DmaBlocked");
  if (input.type !== "Dma") return step;
  if (translated?.gpa !== undefined) {
    return { ...step, input: { ...input, observed: { gpa: translated.gpa } } };
  }
  const { reason } = blocked ?? {};
  return { ...step, input: { ...input, observed: reason === undefined ? {} : { reason } } };
}

/** Why what becomes of a DMA is not what was foretold, or nothing. */
function surprise({ shadow, pending }: Translation, { input, facts }: Step): string | undefined {
  if (pending !== undefined || input.type !== "Dma") return undefined;
  const translated = facts.find((fact) => fact.type === "DmaTranslated");
  const blocked = facts.find((fact) => fact.type === "DmaBlocked");
  const { reason, host } = blocked ?? {};
  const said =
    "hpa" in shadow ? shadow.hpa : "fault" in shadow ? shadow.fault : Object.keys(shadow)[0];
  const found = translated?.hpa ?? reason ?? (host === "keptOut" ? "refused" : host);
  return said === found || host === "protected" ? undefined : `${String(found)}: ${String(said)}`;
}

describe("a request that makes the unit read entries itself", () => {
  const isVirtual = [{ device: nvme, physical: false }];
  const legacy = unit({ cap: { cm: false }, devices: isVirtual });
  const scalable = scalableUnit({ cap: { cm: false }, devices: isVirtual });
  const without = (address: bigint, count: number) =>
    memory(address, ...Array.from({ length: count }, () => 0n));
  const entryOf = (pasid: number): bigint => pasidTable + BigInt(pasid & 63) * 64n;
  const passThrough = memory(contextEntry, 9n, width4(5));
  const rid = pasidDma("read", below + data, {});
  const own = pasidDma("read", below + data, { pasid: pasids.secondStage });

  test.each<[string, Setup, Inputs, Inputs, InputOf<"Dma">]>([
    ["a legacy table", legacy, [turnOn], tables, dma("read", page)],
    [
      "a legacy pass-through",
      legacy,
      [tables, without(contextEntry, 2), turnOn],
      passThrough,
      {
        ...dma("read", data),
      },
    ],
    [
      "a scalable context",
      scalable,
      [scalableTables, without(contextTable + 32n * 32n, 4), scalableOn],
      context(),
      rid,
    ],
    [
      "a PASID of the device",
      scalable,
      [scalableTables, without(entryOf(pasids.rid), 8), scalableOn],
      scalableTables,
      rid,
    ],
    [
      "a PASID that faulted",
      scalable,
      [scalableTables, without(entryOf(pasids.secondStage), 8), scalableOn, own],
      scalableTables,
      own,
    ],
  ])(
    "[JU1] %s that was not present before is not held against it",
    (_, setup, off, on, request) => {
      const blocked = given(setup, off);
      expect(stepOf(blocked.world, request).facts.map(({ type }) => type)).toContain("DmaBlocked");
      const { world } = blocked.when(on);
      const before = foretold(world, request);
      expect(before).toMatchObject({ agree: true, pending: undefined, reads: "notKept" });
      const observed = { gpa: data as Gpa };
      const judged = judge(stepOf(world, { ...request, observed }));
      expect(judged).toMatchObject({
        verdict: { verdict: "agree" },
        violations: [],
        checked: true,
      });
      expect("gpa" in before.guest && before.guest.gpa).toBe(data);
    },
  );

  test("[JU1] with caching mode what was not present holds until it is announced", () => {
    const { world } = given(unit(), turnOn, tables);
    expect(foretold(world, dma("read", page))).toMatchObject({
      reads: undefined,
      shadow: { fault: 1 },
      pending: {},
    });
  });

  test("[JU1] the first request of a PASID reads its entry, whatever the mode", () => {
    const { world } = given(scalableUnit(), scalableTables, scalableOn);
    expect(foretold(world, own)).toMatchObject({ reads: "firstUse", agree: true });
    const known = given(scalableUnit(), scalableTables, scalableOn, own).world;
    expect(foretold(known, own)).toMatchObject({ reads: undefined, agree: true });
  });
});

test("[JU2] what the host refuses by name is no mismatch, and says nothing of the tables", () => {
  const { world } = given(unit({ cap: { cm: false } }), tables, turnOn);
  const request = dma("read", page);
  expect(foretold(world, request)).toMatchObject({ shadow: { refused: true }, agree: true });
  for (const observed of [{}, { gpa: data as Gpa }, { reason: 6 }]) {
    const judged = judge(stepOf(world, { ...request, observed }));
    expect(judged).toMatchObject({ verdict: { verdict: "unjudged" }, violations: [] });
  }
});

/** Worlds without caching mode, of emulated devices. */
const uncached = programsOf({
  guests: anyGuests.map((guests) =>
    guests.map((guest) => {
      const cap = Cap.encode({ ...Cap.decode(guest.cap), cm: false });
      return { ...guest, cap, devices: guest.devices.map((of) => ({ ...of, physical: false })) };
    }),
  ),
  without: new Set(),
  strange: false,
});

test("[JU3] in generated worlds a DMA that is recorded as it happened agrees", () => {
  const met = new Map<string, number>();
  const note = (what: string) => met.set(what, (met.get(what) ?? 0) + 1);
  const check = (step: Step, request: InputOf<"Dma">): void => {
    const asked = step.facts.find((fact) => /^Dma(Translated|Blocked)$/.test(fact.type));
    if (asked === undefined || !("access" in asked)) return;
    const { verdict, violations, kind } = judge(asItHappened(step));
    expect([step.seq, violations]).toEqual([step.seq, []]);
    if (verdict.verdict !== "unjudged") expect(verdict).toEqual({ verdict: "agree" });
    note(`${kind ?? ""} ${verdict.verdict}`);
    if (request.translated === true) return;
    if (deviceAt(step.before.guests[request.guest ?? 0], request.device) === undefined) return;
    const before = foretold(step.before, request, asked.access === "write");
    expect([step.seq, surprise(before, step)]).toEqual([step.seq, undefined]);
    if (before.reads !== undefined) note(before.reads);
    if ("refused" in before.shadow) note("refused");
  };
  const property = fc.property(fc.oneof(anyProgram, uncached), (program) => {
    for (const step of runOf(program).steps) {
      const { input }: { input: Input } = step;
      if (input.type === "Dma") check(step, input);
    }
  });
  fc.assert(property, { numRuns: 120, seed: 6 });
  const wanted = ["dma agree", "faults agree", "firstUse", "notKept", "refused"];
  expect(wanted.filter((what) => (met.get(what) ?? 0) < 5)).toEqual([]);
});
