import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bugs } from "../../properties/bugs/all.ts";
import { importMutant } from "../../properties/hunt/mutant.ts";
import { campaign } from "../../target/campaign.ts";
import { startProgram } from "../../target/process.ts";
import { registerName } from "../../target/register-name.ts";
import { findQemu } from "../binary.ts";
import { knownIn } from "../deviation/known-in.ts";
import { firmware } from "../qtest/machine.ts";
import { installedQemu } from "../test/installed.ts";
import type { UnitProfile } from "../unit-options.ts";
import { isUnitProfile, offers } from "../unit-options.ts";
import type * as chase from "./chase.ts";
import { qemuPlan } from "./target.ts";

const { qemu, why } = await installedQemu();

describe("programs that are started", () => {
  test("[QT1] what is missing, no program or too old is one line", async () => {
    await expect(findQemu("no-such-program")).rejects.toThrow(/^no-such-program: not a program/);
    await expect(findQemu("/bin/true")).rejects.toThrow(/names no version/);
  });

  test("[QT2] a program that is stopped is gone, and its folder with it", async () => {
    const running = await startProgram("/bin/sh", () => ["-c", "exec sleep 60"], { seconds: 60 });
    expect(existsSync(running.folder)).toBe(true);
    await running.stop();
    expect(running.hasEnded()).toBe(true);
    expect(existsSync(running.folder)).toBe(false);
  });

  test("[QT3] a program that lives too long is killed, and how it ended is said", async () => {
    const words = () => ["-c", "echo went wrong >&2; exec sleep 60"];
    const running = await startProgram("/bin/sh", words, { seconds: 1 });
    expect(await running.ended).toBe("signal SIGKILL");
    expect(running.lastLine()).toBe("went wrong");
    await running.stop();
  });
});

/** Seeded bugs that a guest without physical devices can see, by the profile of the unit. */
const visible = {
  legacy: [
    ...["long-status", "event-again", "record-cleared-by-any-write", "ring-wrap"],
    ...["reserved-descriptor", "fpd-ignored", "overflow-overwrites", "alias-ignored"],
    ...["interrupt-source-unchecked", "interrupt-sub-handle", "interrupt-destination"],
    ...["context-reserved", "interrupt-index-bound", "interrupt-function-mask"],
  ],
  scalable: [
    ...["scalable-reasons", "pasid-fpd", "fpd-ignored", "alias-ignored"],
    ...["overflow-overwrites", "long-status", "event-again", "ring-wrap"],
  ],
  // QEMU 10 on.
  "first-stage": ["alias-ignored", "long-status"],
} as const satisfies { readonly [P in UnitProfile]?: readonly string[] };

describe("fuzzing", () => {
  test("[QF4] the firmware halts at the reset vector and touches no memory", () => {
    const image = firmware();
    expect(image.length).toBe(0x1_0000);
    expect([...image.subarray(0xfff0, 0xfff3)]).toEqual([0xe9, 0x0d, 0xff]);
    expect([...image.subarray(0xff19, 0xff1c)]).toEqual([0xf4, 0xeb, 0xfd]);
  });

  test("[QF5] registers have their names, and parts of them", () => {
    expect(registerName(0x18)).toBe("GCMD");
    expect(registerName(0x22c)).toBe("FRCD0+12");
  });

  test.skipIf(qemu === undefined).each([
    { profile: "legacy", runs: 250 },
    { profile: "scalable", runs: 100 },
  ] as const)(
    `[QF6] random programs of the profile $profile show nothing that is not explained${why}`,
    async ({ profile, runs }) => {
      if (qemu === undefined) return;
      const { tally, finding } = await campaign({
        target: qemuPlan(qemu, profile),
        known: knownIn(qemu),
        ...{ seed: 1, seconds: 20, runs, lanes: 2, watch: () => undefined },
      });
      expect(finding?.death ?? finding?.comparison?.difference?.text).toBeUndefined();
      expect(tally.compared / tally.programs).toBeGreaterThan(30);
    },
  );

  const isAll = process.env["SHADOWFOLD_QEMU_BUGS"] === "all";
  const chosen = Object.entries(visible).flatMap(([profile, ids]) =>
    qemu === undefined || !isUnitProfile(profile) || !offers(qemu, profile)
      ? []
      : ids.slice(0, isAll ? ids.length : 1).map((id) => [profile, id] as const),
  );
  test.skipIf(qemu === undefined)(
    `[QF7] mistakes in the model are found within two minutes each${why}`,
    async () => {
      for (const [profile, id] of chosen) {
        const bug = bugs.find((each) => each.id === id);
        const mutant = (await importMutant("qemu/fuzz/chase.ts", bug)) as typeof chase;
        const found = await mutant.chaseInQemu(qemu?.path, profile, 11, 120);
        expect([profile, id, found === undefined]).toEqual([profile, id, false]);
        if (isAll) console.info(`${profile} ${id}: ${(found?.seconds ?? 0).toFixed(1)} s`);
      }
    },
    chosen.length * 130_000,
  );
});
