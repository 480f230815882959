import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder } = scratch("translation", afterAll);

const edu = recordingPath("linux-vfio-edu");
/** Translation is off at the end of this recording; the next number is the end itself. */
const turnedOff = 24143;
const place = (iova: string) => ["--device", "00:04.0", "--iova", iova] as const;

const range = { length: "0x200000", pageSize: "2M", read: true, write: true };
const unit = {
  ver: "0x10",
  cap: "0xd2008c222f0686",
  ecap: "0xf00f4b",
  p2m: [{ gpa: "0x0", hpa: "0x100000000", ...range }],
  devices: [{ device: "00:04.0", physical: true }],
};

/** A log of a guest that turns translation on; the context entry is given in memory order. */
function logWith(name: string, contextEntry: string): string {
  const inputs = [
    { input: "MemoryWrite", gpa: "0x1000", bytes: "0120000000000000" },
    { input: "MemoryWrite", gpa: "0x2200", bytes: contextEntry },
    { input: "RegisterWrite", offset: 32, size: 8, value: "0x1000" },
    { input: "RegisterWrite", offset: 24, size: 4, value: "0x40000000" },
    { input: "RegisterWrite", offset: 24, size: 4, value: "0x80000000" },
  ];
  const header = { shadowfold: 1, model: "0.1.0", guests: [unit] };
  const lines = [header, ...inputs.map((input, index) => ({ seq: index + 1, ...input }))];
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return path;
}

describe("no table in force", () => {
  test("[CL18] translation that was turned off is named, and no mapping is made up", async () => {
    const at = ["--at", (turnedOff + 1).toString()];
    const { out } = await run("translate", edu, ...place("0x1806000"), ...at);
    expect(out).toContain(`Translation is off since event ${turnedOff.toString()}: 0x1806000 is a`);
    expect(out).toContain("GPA 0x1806000, as it is");
    expect(out).not.toMatch(/256T|Entry at GPA/);
    const why = await run("why", edu, ...place("0x1806000"), ...at);
    expect(why.out).toContain("would land in the guest's memory at 0x1806000, in the host's at");
    expect(why.out).toContain(`Translation is off since event ${turnedOff.toString()}`);
    expect(why.out).not.toMatch(/Entry at|The guest's tables and the shadow|The shadow dropped/);
  });

  test("[CL18] before the first root pointer that is said too", async () => {
    for (const command of ["translate", "why"]) {
      const { out } = await run(command, edu, ...place("0x1000"), "--at", "5");
      expect(out).toMatch(/Translation is off, and no root pointer is set: 0x1000/);
    }
  });

  test("[CL18] a context entry that says pass-through is shown and named", async () => {
    const file = logWith("pass", "09000000000000000105000000000000");
    const { out } = await run("translate", file, ...place("0x5008"));
    expect(out).toContain("The context entry says pass-through: 0x5008 is a guest address");
    expect(out).toMatch(/context +0x2200 .*domain 5, pass-through/);
    expect(out).toMatch(/then the P2M +HPA 0x100005008/);
    const why = await run("why", file, ...place("0x5008"));
    expect(why.out).toContain("The context entry says pass-through");
  });

  test("[CL18] a hole of the P2M is no allowance", async () => {
    const { out } = await run("why", edu, ...place("0x999999000"));
    const [headline = ""] = out.split("\n", 1);
    expect(headline).toContain("would be blocked: the host grants no memory");
    expect(headline).not.toContain("allowed");
  });
});

describe("the state that is shown", () => {
  test("[CL19] translate shows what the last DMA met, where translation ends off", async () => {
    const { out } = await run("translate", edu, ...place("0x1806000"));
    expect(out.replaceAll("\n", " ")).toMatch(
      /^At the end translation is off, since event 24143\. .* the last DMA to this page .*16195;/,
    );
    expect(out).toContain("DMA write to 0x1806000 by 00:04.0 after event 16194");
    expect(out).toMatch(/level 1 .* allows read only \(R=1 W=0\), page 0x29e1000/);
    const { at, guest } = JSON.parse(
      (await run("translate", edu, ...place("0x1806000"), "--json")).out,
    );
    expect([at, guest]).toEqual([16194, { fault: 5 }]);
    const same = await run("translate", edu, ...place("0x1806000"), "--at", at.toString());
    expect(same.out).toMatch(/^DMA read to 0x1806000 by 00:04\.0 after event 16194/);
  });

  test("[CL19] without such a DMA it says which event to look at", async () => {
    const { out } = await run("translate", edu, ...place("0x999999000"));
    expect(out).toContain("No DMA used this page while it was on; --at 24141 shows the state");
    const { at } = JSON.parse((await run("translate", edu, ...place("0x999999000"), "--json")).out);
    expect(at).toBe(24148);
  });

  test("[CL5] a fault is not followed by the P2M, and says when nothing is mapped", async () => {
    const { out } = await run("translate", edu, ...place("0x28325000"), "--at", "1200");
    expect(out).toMatch(/guest's tables +not mapped: fault 6h/);
    expect(out).toMatch(/then the P2M +not reached/);
    expect(out).toMatch(/pending +yes, without effect here/);
  });

  test("[CL5] to differ is allowed until the change is announced", async () => {
    const { out } = await run("translate", edu, ...place("0x1806000"), "--at", "15931");
    expect(out).toMatch(/pending +yes: changed by event \d+ and not announced since/);
    expect(out).toMatch(/both agree +no, which is allowed until the change is announced/);
    const why = await run("why", edu, ...place("0x1806000"), "--at", "15931");
    expect(why.out).toContain("do not agree on this page, which is allowed");
  });

  test("[CL4] why says that a page was never mapped, without alarm", async () => {
    const { out } = await run("why", edu, ...place("0x999999000"), "--at", "20000");
    expect(out).toContain("In short: the guest has never mapped this page.");
    expect(out.replaceAll(/\s+/g, " ")).toContain("which makes no difference here");
  });

  test("[CL4] why shows the newest facts and counts the others; JSON has all", async () => {
    const words = [edu, ...place("0x1806000"), "--at", "24148"];
    const { out } = await run("why", ...words);
    const more = Number(/and (\d+) more before these; --json has all/.exec(out)?.[1]);
    const { facts } = JSON.parse((await run("why", ...words, "--json")).out);
    expect([more > 0, facts.length]).toEqual([true, more + 8]);
  });
});
