import { describe, expect, test } from "vitest";
import { captureRun as run } from "./test/captured-run.ts";

const log = "docs/nesting/page-request.ndjson";
const page = ["--device", "00:04.0", "--pasid", "0x41", "--iova", "0x123457010"] as const;

const json = async (...words: readonly string[]) => JSON.parse((await run(...words, "--json")).out);

/** Events of the log: granted and used, taken from the tables, forgotten by the device. */
const [granted, unmapped, forgotten] = ["86", "99", "109"];

describe("what a device's own TLB holds", () => {
  test("[CL38] translate shows it beside the tables, until the device forgets", async () => {
    const held = { hpa: "0x100009010", size: "4K", read: true, write: true };
    const when = (at: string) => json("translate", log, ...page, "--at", at);
    expect(await when(granted)).toMatchObject({ guest: { gpa: "0x9010" }, deviceTlb: held });
    expect(await when(unmapped)).toMatchObject({ guest: { fault: 0x71 }, deviceTlb: held });
    expect(await when(forgotten)).toMatchObject({ guest: { fault: 0x71 }, deviceTlb: null });
    const { out } = await run("translate", log, ...page, "--at", unmapped);
    expect(out).toMatch(/the device's TLB +HPA 0x100009010/);
    const other = ["--device", "00:04.0", "--pasid", "0x42", "--iova", "0x123457010"];
    expect((await json("translate", log, ...other, "--at", granted)).deviceTlb).toBeNull();
  });

  // Of the DMA that is explained, which begins at the page.
  test("[CL38] why says where translated requests go", async () => {
    const { out } = await run("why", log, ...page, "--at", unmapped);
    expect(out.replaceAll(/\s+/g, " ")).toContain("translated requests go to 0x100009000");
    expect((await run("why", log, ...page, "--at", forgotten)).out).not.toContain("TLB of");
  });

  test("[CL34] state --pasid shows it, and groups that are not answered", async () => {
    const [used] = (await json("state", log, "--at", granted, "--pasid", "0x41")).guests;
    expect(Object.keys(used.deviceTlbs)).toEqual(["00:04.0 PASID 0x41 0x123457000"]);
    const [open] = (await json("state", log, "--at", "68", "--pasid", "0x41")).guests;
    expect(Object.keys(open.pageGroups)).toEqual(["00:04.0 PASID 0x41 group 1"]);
    const [other] = (await json("state", log, "--at", granted, "--pasid", "0x42")).guests;
    expect(other.deviceTlbs).toBeUndefined();
  });

  test("[CL34] log --pasid shows what follows from the requests of a PASID", async () => {
    const { out } = await run("log", log, "--pasid", "0x41", "--type", "DmaLanded,MemoryWritten");
    expect(out.match(/DmaLanded/g)).toHaveLength(2);
    expect(out).toContain("MemoryWritten gpa=0x40000");
    const none = await run("log", log, "--pasid", "0x42", "--type", "DmaLanded,MemoryWritten");
    expect(none.out).toBe("");
  });
});
