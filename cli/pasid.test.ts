import { afterAll, describe, expect, test } from "vitest";
import { flat } from "../properties/examples/given.ts";
import {
  below,
  data,
  firstStageEntry,
  gva,
  pasidDma,
  pasidEntry,
  pasids,
  scalableOn,
  scalableTables,
  scalableUnit,
} from "../properties/examples/scalable-driver.ts";
import { recordingPath, captureRun as run } from "./test/captured-run.ts";
import { logOf } from "./test/log-of.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("pasid", afterAll);

const device = ["--device", "00:04.0"] as const;
const linux = recordingPath("linux-scalable-nvme");
const nesting = (name: string) => `docs/nesting/${name}.ndjson`;
const at = (iova: bigint) => ["--iova", `0x${iova.toString(16)}`] as const;
const nestOn = [nesting("nest-on"), ...device, ...at(gva)] as const;
const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ");

/** What a command prints as JSON. */
const json = async (...words: readonly string[]) => JSON.parse((await run(...words, "--json")).out);

describe("options", () => {
  test("[CL31] a PASID is hexadecimal or decimal; without one RID_PASID is shown", async () => {
    const [hex, decimal] = await Promise.all(
      ["0x43", "67"].map((pasid) => json("translate", ...nestOn, "--pasid", pasid)),
    );
    expect(hex).toEqual(decimal);
    expect(hex).toMatchObject({ pasid: 0x43, ridPasid: 0x4f, guest: { fault: 0x76 } });
    const { out } = await run("translate", ...nestOn);
    expect(out).toContain("by 00:04.0 without PASID (RID_PASID 0x4f) after event");
  });

  test.each([
    [["--pasid", "0x100000"], "0 to 0xfffff"],
    [["--pasid", "-1"], "0 to 0xfffff"],
    [["--privileged"], "--privileged: only a request with PASID asks for rights"],
    [["--execute"], "--execute: only a request with PASID asks for rights"],
    [["--execute", "--pasid", "1", "--access", "write"], "a write does not execute"],
  ])("[CL31] %j is refused in one line", async (words, reason) => {
    for (const command of ["translate", "why"]) {
      const { code, out, err } = await run(command, ...nestOn, ...words);
      expect([code, out, err.trimEnd().split("\n").length]).toEqual([2, "", 1]);
      expect(err).toContain(reason);
    }
  });

  test("[CL31] with --pasid the DMA of that PASID is explained, with its rights", async () => {
    const asks = pasidDma("read", gva, { pasid: pasids.firstStage, execute: true });
    const other = pasidDma("read", gva, { pasid: pasids.secondStage });
    const inputs = flat([scalableTables, scalableOn, asks, other]);
    const file = fileOf("rights", logOf(scalableUnit(), inputs));
    const { out } = await run("why", file, ...device, ...at(gva), "--pasid", "0x41");
    expect(out).toMatch(/^The DMA execute read to .* with PASID 0x41 .*: fault 5Ch/);
    const plain = await run("why", file, ...device, ...at(gva), "--pasid", "0x42");
    expect(plain.out).toMatch(/^The DMA read to .* with PASID 0x42 .*: fault 79h/);
  });
});

describe("walks", () => {
  test("[CL32] under nesting second-stage entries come before what they lead to", async () => {
    const words = [...nestOn, "--pasid", "0x43", "--at", "70"];
    const { steps } = await json("translate", ...words);
    type Step = { readonly table: string; readonly below: boolean };
    const order = (steps as readonly Step[]).map((one) => (one.below ? "below" : one.table));
    const group = new Array<string>(4).fill("below");
    const level = [...group, "first stage"];
    const resolving = ["root", "context", "PASID directory", "PASID entry"];
    expect(order).toEqual([...resolving, ...level, ...level, ...level, ...level, ...group]);
    const { out } = await run("translate", ...words);
    const gave = out.split("\n").flatMap((line) => /^ {2}so +(.*)$/.exec(line)?.[1] ?? []);
    expect(gave).toEqual([
      "0x40020000 is GPA 0x20000",
      "0x40021020 is GPA 0x21020",
      "0x400228d0 is GPA 0x228d0",
      "0x400232b0 is GPA 0x232b0",
      "0x40007000 is GPA 0x7000",
    ]);
    expect(out).toMatch(/^ {2}second stage 1 +0x33100 .* page 0x20000$/m);
    expect(out).toMatch(/^first stage 4 +0x20000 +0x100020000 /m);
  });

  test("[CL32] entries are told by their fields", async () => {
    const { out } = await run(
      "translate",
      linux,
      ...device.slice(0, 1),
      "00:01.0",
      ...at(0xffffe000n),
    );
    expect(out).toMatch(/root .* context table at 0x60e4000 \(lower half, devices 00 to 0f\)/);
    expect(out).toMatch(/context .* RID_PASID 0x0, PASIDE=0 DTE=0 PRE=0/);
    expect(out).toMatch(/PASID entry .* first stage, domain 3, 4 levels from 0x60e7000, NXE=1/);
    expect(out).toMatch(/first stage 1 .* \(P=1 R\/W=1 U\/S=1 A=1 D=1 XD=1\), page 0x1fe90000/);
  });

  test("[CL32] pass-through under a PASID is named", async () => {
    const words = [nesting("sharing"), ...device, ...at(data), "--pasid", "0x44"];
    expect((await run("translate", ...words)).out).toMatch(
      /^The PASID entry says pass-through: 0x/,
    );
  });
});

describe("why", () => {
  test("[CL33] a first-stage entry that was not present needs no announcement", async () => {
    const { out } = await run("why", linux, "--device", "00:01.0", ...at(0xffffe000n));
    expect(oneLine(out)).toMatch(/at event \d+, which needs no announcement: it was not present/);
    expect(out).toMatch(/^first stage 1 .* not needed$/m);
  });

  test("[CL33] each kind of entry is announced by its own invalidation", async () => {
    const { path } = await json("why", nesting("nest-off"), ...device, ...at(gva), "--pasid", "67");
    type Entry = { table: string; writes: readonly { announced?: { type: string } }[] };
    const types = (path as readonly Entry[]).map(({ writes }) => writes.at(-1)?.announced?.type);
    const [own, pasid] = ["HostEntryChanged", "PasidCacheInvalidated"];
    expect(types).toEqual([own, own, pasid, pasid]);
    const whose = [...at(gva + 0x1000n), "--pasid", "0x41", "--at", "115"];
    const removed = [nesting("sharing"), ...device, ...whose];
    const { path: first } = await json("why", ...removed);
    expect(first.at(-1).writes.at(-1).announced.type).toBe("PasidIotlbInvalidated");
  });

  test("[CL33] an invalid PASID entry is told by the capability that is missing", async () => {
    const off = await run("why", nesting("nest-off"), ...device, ...at(gva), "--pasid", "0x43");
    expect(off.out).toContain("The unit has no nested translation: ECAP.NEST is 0.");
    const none = [nesting("no-second-stage"), ...device, ...at(below + data), "--pasid", "0x42"];
    expect((await run("why", ...none)).out).toContain("ECAP.SSTS is 0.");
  });
});

describe("states and events", () => {
  test("[CL34] state tells of a PASID: host entry, shadow, first stage, caches", async () => {
    const { guests } = await json("state", nesting("nest-on"), "--at", "70", "--pasid", "0x43");
    expect(guests[0].hostEntries).toEqual({
      "00:04.0 PASID 0x43": expect.objectContaining({ state: "nested", shadow: 2, firstStage: 1 }),
    });
    expect(Object.keys(guests[0].shadows)).toEqual(["2"]);
    expect(guests[0].firstStages["1"]).toMatchObject({ did: 3, pasid: "0x43", over: "shadow 2" });
    expect(guests[0].firstStageIotlb["1:0x123456000"]).toMatchObject({ hpa: "0x100007000" });
    expect(Object.keys(guests[0].firstStageTables)).toHaveLength(3);
  });

  test("[CL34] diff tells what came of a PASID", async () => {
    const words = [nesting("nest-off"), "--from", "64", "--to", "86", "--pasid", "0x43"];
    const { changes } = await json("diff", ...words);
    expect(changes).toMatchObject([
      { table: "hostEntries", key: "00:04.0 PASID 0x43", to: { state: "blocked", reason: 0x5b } },
      { table: "faults", key: "0", to: { pasid: "0x43" } },
    ]);
    const { out } = await run("diff", ...words);
    expect(out).toContain("reason=5Bh");
  });

  test("[CL34] a change of an entry that is not announced shows in the state", async () => {
    const changed = pasidEntry(pasids.firstStage, firstStageEntry({ wpe: true }));
    const used = pasidDma("read", gva, { pasid: pasids.firstStage });
    const inputs = flat([scalableTables, scalableOn, used, changed]);
    const file = fileOf("marks", logOf(scalableUnit(), inputs));
    const { guests } = await json("state", file, "--pasid", "0x41");
    const row = guests[0].hostEntries["00:04.0 PASID 0x41"];
    expect(row.pasidPendingSince).toBeGreaterThan(0);
  });

  test("[CL34] log lists the events of a PASID, readably", async () => {
    const { out } = await run("log", nesting("nest-on"), "--pasid", "0x43");
    expect(out).toMatch(/HostEntryChanged .* pasid=0x43 state=nested .* tag=0x43/);
    expect(out).toMatch(/FirstStageTablesCached .* tables=\[0x40021000 0x40022000 0x40023000\]/);
    expect(out).toMatch(/DmaBlocked .* reason=76h/);
    expect(out).not.toContain("state=shadowed");
  });
});
