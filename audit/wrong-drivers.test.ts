import { describe, expect, it } from "vitest";
import type { Hpa } from "../events/address.ts";
import type { FactOf } from "../events/fact.ts";
import { stepOf } from "../history/step.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import { booted, page, reads } from "../properties/examples/driver.ts";
import { flat } from "../properties/examples/given.ts";
import { hostBase, nvme, unit } from "../properties/examples/unit.ts";
import { startAudit } from "./audit.ts";
import { ruleIds, rules } from "./rule.ts";
import { auditOf } from "./test/made-log.ts";
import { realBugs } from "./test/real-bugs.ts";
import { wrongDrivers } from "./test/wrong-drivers.ts";
import { remarks, wrongOthers } from "./test/wrong-others.ts";
import { ruleOfKind } from "./trace/trace-findings.ts";

const real = realBugs.map((bug) => ({ ...bug, does: `${bug.does} (${bug.of} ${bug.fixedBy})` }));
const all = [...wrongDrivers, ...wrongOthers, ...real];

describe("one that", () => {
  for (const { does, rule, at, says = "", setup, wrong, right } of all) {
    it(`[AU1] ${does} is named by ${rule}, at the event that is wrong`, () => {
      const { serious, nameAt } = auditOf(setup, wrong());
      const found = serious.map((one) => ({ rule: one.rule, at: nameAt(one.at), text: one.text }));
      expect(found).toEqual([{ rule, at, text: expect.stringContaining(says) }]);
      const [one] = serious;
      expect(one?.evidence.map(({ at: seq }) => nameAt(seq))).toContain(at);
      expect(one?.evidence.every(({ at: seq }) => seq > 0)).toBe(true);
    });

    it(`[AU2] ${does}, once it is repaired, is not named at all`, () => {
      expect(auditOf(setup, right()).serious).toEqual([]);
    });
  }

  for (const { does, rule, at, setup, wrong } of remarks) {
    it(`[AU1] ${does} is remarked on by ${rule}`, () => {
      const { report, nameAt } = auditOf(setup, wrong());
      const found = report.findings.map((one) => [one.rule, one.severity, nameAt(one.at)]);
      expect(found).toContainEqual([rule, "info", at]);
    });
  }
});

describe("a host that says where requests landed", () => {
  const taken = { type: "P2mUnmap", gpa: 0x7000n, length: 0x1000n } as const;

  /** What is found once the host says that a read reached a host page. */
  function said(hpa: bigint, ...more: readonly object[]) {
    let world = createWorld(unit());
    const audit = startAudit(world);
    for (const input of flat([booted, more as never, reads(page)])) {
      const step = stepOf(world, input);
      audit.follow(step);
      world = step.after;
    }
    const fact: FactOf<"DmaTranslated"> = {
      type: "DmaTranslated",
      ...{ guest: undefined, tag: undefined, device: nvme, iova: page },
      ...{ access: "read", hpa: hpa as Hpa, size: "4K", read: true, write: true, length: 8 },
    } as never;
    audit.landed(fact, world.seq, world);
    return audit.report().findings.filter(({ severity }) => severity === "error");
  }

  it("[AU3] is right about what the guest has", () => {
    expect(said(hostBase + 0x7000n)).toEqual([]);
  });

  it("[AU3] is named where nobody was granted the page", () => {
    const found = said(0x9_0000_0000n);
    expect(found.map(({ rule }) => rule)).toEqual(["outside-grant"]);
  });

  it("[AU3] is named where the P2M had taken the page away before", () => {
    const found = said(hostBase + 0x7000n, taken);
    expect(found.map(({ rule }) => rule)).toEqual(["removal-without-effect"]);
    expect(found[0]?.text).toContain("which the P2M had taken away at event");
  });
});

describe("rules", () => {
  it("[AU4] each rule about logs has a log that breaks it", () => {
    const shown = new Set([...all, ...remarks].map(({ rule }) => rule));
    const hosts = ["outside-grant", "removal-without-effect"];
    const missing = ruleIds.filter((id) => rules[id].from !== "trace" && !shown.has(id));
    expect(missing).toEqual(hosts);
  });

  it("[AU4] each rule about traces is one that a trace can show", () => {
    const shown = new Set(Object.values(ruleOfKind));
    expect(ruleIds.filter((id) => rules[id].from !== "log")).toEqual(
      ruleIds.filter((id) => shown.has(id)),
    );
  });

  it("[AU4] each says what, why and what to do in sentences of its own", () => {
    for (const id of ruleIds) {
      const { what, why, remedy } = rules[id];
      expect(what).toMatch(/^[a-z].*[^.]$/);
      expect(why).toMatch(/^[A-Z].*\.$/);
      expect(remedy).toMatch(/^[A-Z].*\.$/);
    }
  });
});
