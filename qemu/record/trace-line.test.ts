import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openRecording } from "../../events/log/recording.ts";
import { openGrowingFile } from "./growing-file.ts";
import { lineSource, noCounts, storeSource } from "./recording-lines.ts";
import { readTraceLine } from "./trace-line.ts";
import { trackPointers } from "./unit-pointers.ts";

const header = JSON.stringify({ recording: 1, ver: "0x10", cap: "0x686", ecap: "0xf00f4a" });

/** What becomes of a line of the trace in a log. */
function inputOf(line: string): object | undefined {
  const record = readTraceLine(line);
  return record && openRecording(header).read(record.text, 2).at(-1);
}

describe("trace", () => {
  test("[RC4] each kind of line becomes the input that it stands for", () => {
    expect(inputOf("vtd_reg_write addr 0x90 size 0x8 value 0x51e2000")).toMatchObject({
      type: "RegisterWrite",
      offset: 0x90,
      size: 8,
      value: 0x51e2000n,
    });
    expect(inputOf("vtd_reg_read addr 0x1c size 0x4")).toMatchObject({
      type: "RegisterRead",
      offset: 0x1c,
    });
    const dma = "dev 00:1f.07 iova 0xffffe040 -> gpa 0x69a3000 mask 0xfff";
    expect(inputOf(`vtd_dmar_translate ${dma}`)).toMatchObject({
      type: "Dma",
      device: 0xff,
      iova: 0xffffe040n,
      observed: { gpa: 0x69a3040n },
    });
    expect(inputOf("vtd_dmar_fault sid 0x20 fault 5 addr 0xb412e00 write 1")).toMatchObject({
      type: "Dma",
      device: 0x20,
      access: "write",
      observed: { reason: 5 },
    });
    const interrupt = "(addr 0xfee00018, data 0x0) -> (addr 0xfee01004, data 0x4030)";
    expect(inputOf(`vtd_ir_remap_msi ${interrupt}`)).toMatchObject({
      type: "MsiRequest",
      address: 0xfee00018n,
      observed: { address: 0xfee01004n, data: 0x4030 },
    });
    expect(inputOf("vtd_frr_new index 0 high 0xffff0500000020 low 0xb412000")).toMatchObject({
      type: "Note",
    });
  });

  test("[RC4] process number and time before an event are passed over, other lines too", () => {
    const line = "4711@1699999999.123456:vtd_reg_write addr 0x18 size 0x4 value 0x0";
    expect(inputOf(line)).toMatchObject({ type: "RegisterWrite", offset: 0x18 });
    for (const other of ["", "vtd_inv_qi_fetch ", "vtd_reg_write", "constructor x", "qemu: odd"]) {
      expect(readTraceLine(other)).toBeUndefined();
    }
  });

  test("[RC28] what the plugin tells of memory becomes a write, of any number of bytes", () => {
    for (const event of ["shadowfold_store", "shadowfold_page"]) {
      expect(inputOf(`${event} 0x12001 0203ff`)).toMatchObject({
        type: "MemoryWrite",
        gpa: 0x12001n,
        bytes: new Uint8Array([2, 3, 255]),
      });
    }
    const unseen = "shadowfold_unseen address 0xffff888000005010";
    expect(inputOf(unseen)).toMatchObject({ type: "Note", text: unseen });
    for (const rest of ["0x12001", "0x12001 123", "12001 12", "0x12001 12 34", "0x12001 XX"]) {
      expect(readTraceLine(`shadowfold_store ${rest}`)).toBeUndefined();
    }
  });

  test("[RC28] the plugin's lines stand among the others, and say whether the unit is on", () => {
    const folder = mkdtempSync(join(tmpdir(), "shadowfold-stores-"));
    const file = join(folder, "vtd-trace.txt");
    const counts = noCounts();
    try {
      writeFileSync(file, "vtd_reg_read addr 0x8 size 0x8\n");
      const source = storeSource(folder, counts);
      source.skip();
      const root = "vtd_reg_write addr 0x18 size 0x4 value 0x40000000\n";
      appendFileSync(file, `shadowfold_page 0x1000 01\nvtd_inv_qi_fetch \n${root}`);
      expect(source.next().map((line) => Object.keys(JSON.parse(line))[0])).toEqual([
        "mem",
        "mmio",
      ]);
      expect(source.isOn()).toBe(false);
      appendFileSync(file, "shadowfold_store 0x1000 02\nvtd_reg_write addr 0x18 size 0x4 value 0x");
      expect(source.next()).toEqual(['{"mem":"0x1000","hex":"02"}']);
      appendFileSync(file, "80000000\n");
      expect(source.next()).toHaveLength(1);
      expect(source.isOn()).toBe(true);
      expect(counts).toMatchObject({ stores: 1, lines: 4 });
      source.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("[RC28] where memory is looked at, the plugin's lines are left out", () => {
    const folder = mkdtempSync(join(tmpdir(), "shadowfold-looked-"));
    try {
      writeFileSync(join(folder, "memory"), Buffer.alloc(4096));
      const store = "shadowfold_store 0x1000 02\nvtd_reg_read addr 0x1c size 0x4\n";
      writeFileSync(join(folder, "vtd-trace.txt"), `shadowfold_page 0x1000 01\n${store}`);
      const source = lineSource(folder, noCounts());
      expect(source.next()).toEqual(['{"mmioRead":"0x1c","size":4}']);
      source.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("[RC5] a line of a growing file is given once, when it is whole", () => {
    const folder = mkdtempSync(join(tmpdir(), "shadowfold-growing-"));
    const path = join(folder, "trace");
    writeFileSync(path, "one\ntw");
    const file = openGrowingFile(path);
    expect(file.lines()).toEqual(["one"]);
    expect(file.lines()).toEqual([]);
    appendFileSync(path, `o\n${"x".repeat(200_000)}\n`);
    expect(file.lines().map((line) => line.length)).toEqual([3, 200_000]);
    file.close();
    rmSync(folder, { recursive: true });
  });

  test("[RC6] pointers hold from the command that latches them, in one write or two", () => {
    const { pointers, write } = trackPointers();
    write(0x20, 4, 0x1234_5000n);
    write(0x24, 4, 0x1n);
    write(0xb8, 8, 0x4a0_000fn);
    expect(pointers()).toMatchObject({ root: undefined, interrupts: undefined });
    write(0x18, 4, 0x4000_0000n);
    write(0x20, 8, 0x9000n);
    expect(pointers()).toMatchObject({ root: 0x1_1234_5000n, interrupts: undefined });
    write(0x18, 4, 0x0500_0000n);
    write(0x90, 8, 0x49b_0000n);
    write(0x88, 4, 0x60n);
    const expected = { interrupts: 0x4a0_000fn, queue: 0x49b_0000n, tail: 0x60 };
    expect(pointers()).toMatchObject(expected);
  });
});
