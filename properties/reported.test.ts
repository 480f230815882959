import { describe, expect, test } from "vitest";
import type { Iova, SourceId } from "../events/address.ts";
import type { Fact, FactOf } from "../events/fact.ts";
import type { InputOf } from "../events/input.ts";
import { at } from "../events/registers/offset.ts";
import { stepOf } from "../history/step.ts";
import {
  command,
  contextEntry,
  dma,
  ire,
  memory,
  page,
  sirtp,
  tables,
  turnOn,
  write8,
} from "./examples/driver.ts";
import { given } from "./examples/given.ts";
import { nvme, unit } from "./examples/unit.ts";
import { judge } from "./judge.ts";

describe("a fault that was seen", () => {
  const request: InputOf<"Dma"> = { ...dma("write", page), observed: { reason: 2 } };
  const emptied = memory(contextEntry, 0n, 0n);
  const blocked = stepOf(given(unit(), tables, emptied, turnOn).world, request);
  const on = [write8(at.irta, 0x3000n), command(sirtp), command(ire)];
  const msi: InputOf<"MsiRequest"> = {
    type: "MsiRequest",
    device: nvme,
    address: 0xfee0_0030n,
    data: 0,
    observed: { reason: 0x22 },
  };
  const interrupt = stepOf(given(unit(), memory(0x3000n, 0n, 0n, 0n, 0n), on).world, msi);

  test.each([
    ["a DMA", blocked],
    ["an interrupt", interrupt],
  ])("[JU4] of %s agrees only if the guest was told as the rules say", (_, step) => {
    expect(judge(step).verdict).toEqual({ verdict: "agree" });
    const told = (change: (fact: FactOf<"FaultRecorded">) => readonly Fact[]) =>
      step.facts.flatMap((fact) => (fact.type === "FaultRecorded" ? change(fact) : [fact]));
    const changes: readonly (readonly Fact[])[] = [
      told(() => []),
      told((fact) => [{ ...fact, reason: 7 }]),
      told((fact) => [{ ...fact, source: (fact.source + 1) as SourceId }]),
      told((fact) => [{ ...fact, page: (fact.page ^ (1n << 50n)) as Iova }]),
    ];
    for (const facts of changes) {
      expect(judge({ ...step, facts }).verdict).toMatchObject({
        verdict: "disagree",
        text: expect.stringMatching(/h was not reported as recorded$/),
      });
    }
    const collapsed = told(({ source, reason }) => [{ type: "FaultCollapsed", source, reason }]);
    expect(judge({ ...step, facts: collapsed }).verdict).toEqual({ verdict: "agree" });
  });
});
