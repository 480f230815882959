import { afterAll, expect, test } from "vitest";
import type { Gpa } from "../events/address.ts";
import type { Input } from "../events/input.ts";
import { memory } from "../properties/examples/driver.ts";
import type { Inputs } from "../properties/examples/given.ts";
import { flat } from "../properties/examples/given.ts";
import {
  below,
  context,
  data,
  firstStage,
  firstStageEntry,
  firstStageTables,
  gva,
  nestedEntry,
  pasidDirectory,
  pasidDma,
  pasidEntry,
  pasids,
  scalableOn,
  scalableRoot,
  scalableTables,
  scalableUnit,
  secondStage,
  secondStageEntry,
  slot,
} from "../properties/examples/scalable-driver.ts";
import { captureRun as run } from "./test/captured-run.ts";
import { logOf } from "./test/log-of.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf } = scratch("pasid-fault", afterAll);

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ");

const { l4, l1 } = firstStage;
const nested = [firstStageTables(below), pasidEntry(pasids.nested, nestedEntry())];
const leaf = slot(l1, 1, gva);
const behind = (gpa: bigint) => slot(secondStage.l1, 1, below + gpa);
const readOnly = (gpa: bigint) => memory(behind(gpa), gpa | 1n);
const cases: readonly (readonly [string, number, Inputs, RegExp])[] = [
  ["39h", 0x41, memory(scalableRoot, 0n), /root entry .* not present \(lower half/],
  ["41h", 0x41, context({ present: false }), /context entry .* says: not present/],
  ["45h", 0x41, context({ paside: false }), /context entry .* PASIDE=0/],
  ["51h", 0x41, memory(pasidDirectory + 8n, 0n), /PASID directory entry .* says: not present/],
  ["59h", 0x41, pasidEntry(0x41, { present: false }), /PASID entry .* says: not present/],
  ["71h", 0x41, memory(leaf, 0n), /first-stage entry of level 1 .* maps nothing \(P=0\)/],
  ["81h", 0x41, memory(leaf, 0x7003n), /first-stage entry of level 1 .* supervisor alone/],
  ["73h", 0x41, pasidEntry(0x41, firstStageEntry({ fsptptr: 0x90_0000n })), /cannot be read/],
  ["5Bh", 0x43, [nested, pasidEntry(0x43, nestedEntry({ fsptptr: 1n << 48n }))], /PASID entry/],
  ["75h", 0x43, [nested, memory(behind(l4), 0n)], /second-stage entry of level 1 .* nothing/],
  ["76h", 0x43, [nested, memory(behind(l1), 0n)], /second-stage entry of level 1 .* nothing/],
  ["77h", 0x43, [nested, readOnly(l4)], /second-stage entry of level 1 .* read only/],
  ["79h", 0x43, [nested, memory(behind(data), 0n)], /second-stage entry of level 1 .* nothing/],
  ["74h", 0x43, [nested, memory(leaf, (1n << 48n) | 7n)], /first-stage entry of level 1/],
  ["87h", 0x43, [nested, memory(behind(data), 0xfee0_0003n)], /entry of level 1 .* 0xfee00000/],
];
test.each(cases)("[CL35] fault %s names the entry that decides", async (...row) => {
  const [fault, pasid, changes, text] = row;
  const inputs = flat([scalableTables, changes, scalableOn, pasidDma("read", gva, { pasid })]);
  const file = fileOf(`fault-${fault}`, logOf(scalableUnit(), inputs));
  const words = [
    file,
    "--device",
    "00:04.0",
    "--iova",
    `0x${gva.toString(16)}`,
    "--pasid",
    pasid.toString(),
  ];
  const why = await run("why", ...words);
  expect([why.code, why.err]).toEqual([0, ""]);
  expect(why.out.split("\n", 1)[0]).toContain(`was blocked: fault ${fault}`);
  const decisive = oneLine(why.out)
    .split(" - ")
    .find((one) => one.startsWith("The guest's "));
  expect(decisive).toMatch(text);
  const translate = await run("translate", ...words);
  expect(translate.out).toMatch(new RegExp(`^guest's tables +.*fault ${fault}`, "m"));
  expect(translate.out).toMatch(/^both agree +yes$/m);
});

test.each([
  ["caching mode", scalableUnit({ cap: { cm: false } }), secondStageEntry()],
  ["SSADE", scalableUnit({ ecap: { slads: true } }), secondStageEntry({ ssade: true })],
])("[CL35] what the host refuses is named: %s", async (text, setup, fields) => {
  const [iova, pasid] = [below + data, pasids.secondStage];
  const entry = pasidEntry(pasid, fields);
  const dma = pasidDma("read", iova, { pasid });
  const file = fileOf("refused", logOf(setup, flat([scalableTables, entry, scalableOn, dma])));
  const place = ["--device", "00:04.0", "--iova", `0x${iova.toString(16)}`];
  const { out } = await run("why", file, ...place, "--pasid", pasid.toString());
  expect(oneLine(out)).toMatch(new RegExp(`The host refuses: .*${text}`));
  expect(out).not.toContain("agree on this page");
});

test("[CL61] a PASID directory entry that is not written back, and who wrote it", async () => {
  const flush = (gpa: bigint, end: bigint): Input => {
    return { type: "CacheFlush", gpa: gpa as Gpa, length: end - gpa };
  };
  const beyond = pasidDirectory + 0x1000n;
  const others = [flush(0n, pasidDirectory), flush(beyond, 0x4_0000n)];
  const asked = pasidDma("read", below + data, {});
  const blocked: Input = { ...asked, observed: { reason: 0x51 } };
  const inputs = flat([scalableTables, others, scalableOn, blocked]);
  const writes = (one: Input) => one.type === "MemoryWrite" && one.gpa === pasidDirectory + 8n;
  const seq = (inputs.findIndex(writes) + 1).toString();
  const incoherent = scalableUnit({ ecap: { c: false } });
  const log = fileOf("directory", logOf(incoherent, inputs));
  const place = ["--device", "00:04.0", "--iova", `0x${(below + data).toString(16)}`];
  const told = oneLine((await run("why", log, ...place)).out);
  expect(told).toContain(`the guest wrote the PASID directory entry at event ${seq} and did not`);
  expect(told).toContain("did not write the line back");
  const { code, out } = await run("replay", log);
  expect([code, out]).toEqual([1, expect.stringContaining("1 agree")]);
  expect(oneLine(out)).toMatch(
    /PASID directory entry at 0x10008, written by event \d+ and not wri/,
  );
  const buffered = scalableUnit({ cap: { rwbf: true, cm: false }, ecap: { c: false } });
  const held = fileOf("held", logOf(buffered, inputs));
  const why = oneLine((await run("why", held, ...place)).out);
  expect(why).toMatch(/event \d+ was blocked: fault 51h, the PASID directory entry is not present/);
  expect(why).toMatch(/shows that the unit had seen the root entry \(event \d+\) and the context/);
  expect(why).toContain(`the guest wrote the PASID directory entry at event ${seq} and did not`);
  const landed: Input = { ...asked, observed: { gpa: data as Gpa } };
  const later = logOf(incoherent, [...inputs, flush(pasidDirectory, beyond), landed]);
  const again = JSON.parse((await run("replay", fileOf("seen", later), "--json")).out);
  expect(again).toMatchObject({ dma: { agree: 1 }, disagreements: [], violations: [] });
});
