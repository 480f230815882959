import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatSourceId } from "../address.ts";
import { pagesIn } from "../input.ts";
import { LogError } from "./log-error.ts";
import { openRecording } from "./recording.ts";
import { placeGuest, recordedRamBytes } from "./recording-placement.ts";

const header =
  '{"recording":1,"meta":{"name":"x"},"ver":"0x10","cap":"0x80","ecap":"0x0",' +
  '"devices":["intel-iommu,caching-mode=on","nvme,serial=x","edu,addr=04.1","e1000e"]}';

const linesOf = (name: string): string[] => {
  const file = new URL(`../../recordings/${name}.jsonl.gz`, import.meta.url);
  return gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split("\n");
};

describe("placement", () => {
  const ranges = placeGuest();

  test("[REC1] all of the guest's memory has a place, none twice, none at its own address", () => {
    const guest = new Set<bigint>();
    const host = new Set<bigint>();
    let total = 0n;
    for (const { gpa, hpa, length, pageSize } of ranges) {
      const unit = BigInt(pagesIn[pageSize]) * 4096n;
      expect([gpa % unit, hpa % unit, length % unit]).toEqual([0n, 0n, 0n]);
      expect(gpa).not.toBe(hpa);
      total += length;
      for (let at = 0n; at < length; at += 1n << 12n) {
        guest.add(gpa + at);
        host.add(hpa + at);
      }
    }
    const pages = Number(total / 4096n);
    expect([guest.size, host.size]).toEqual([pages, pages]);
    expect(total).toBe(recordedRamBytes + (1n << 30n));
    expect(guest.has(recordedRamBytes - 4096n)).toBe(true);
  });

  test("[REC2] all three sizes occur, and runs of many lengths", () => {
    const count = (size: string): number => ranges.filter((of) => of.pageSize === size).length;
    expect([count("4K"), count("2M"), count("1G")]).toEqual([64 * 12, 192, 1]);
    expect(new Set(ranges.map((of) => of.length)).size).toBe(14);
  });

  test("[REC3] memory of another size is rounded up to a power of two", () => {
    expect(placeGuest(1n).map((of) => of.length)).toEqual([1n << 21n, 1n << 30n]);
    const last = placeGuest(0x60_0001n).findLast((of) => of.gpa < 1n << 32n);
    expect((last?.gpa ?? 0n) + (last?.length ?? 0n)).toBe(0x80_0000n);
  });
});

describe("lines", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    [
      '{"mmio":"0x88","size":4,"value":"0x20"}',
      { type: "RegisterWrite", offset: 0x88, size: 4, value: 0x20n },
    ],
    ['{"mmioRead":"0x1c","size":4}', { type: "RegisterRead", offset: 0x1c, size: 4 }],
    [
      '{"mem":"0x49b0000","hex":"0400"}',
      { type: "MemoryWrite", gpa: 0x49b0000n, bytes: new Uint8Array([4, 0]), flushed: true },
    ],
    [
      '{"dma":"00:01.0","iova":"0x5000","gpa":"0x7000","mask":"0xfff"}',
      { type: "Dma", device: 8, iova: 0x5000n, observed: { gpa: 0x7000n } },
    ],
    [
      '{"dma":"00:01.0","iova":"0x205000","gpa":"0x400000","mask":"0x1fffff","write":1}',
      { type: "Dma", device: 8, iova: 0x205000n, access: "write", observed: { gpa: 0x405000n } },
    ],
    [
      '{"fault":"0x1806004","sid":"0x8","reason":5,"write":1}',
      { type: "Dma", device: 8, iova: 0x1806004n, access: "write", observed: { reason: 5 } },
    ],
    [
      '{"msi":"0xfee00030","data":"0x2","outAddr":"0xfee0100c","outData":"0x4030"}',
      {
        type: "MsiRequest",
        address: 0xfee00030n,
        data: 2,
        observed: { address: 0xfee0100cn, data: 0x4030 },
      },
    ],
    ['{"note":"vtd_frr_new index 0"}', { type: "Note", text: "vtd_frr_new index 0" }],
  ];
  test.each(cases)("[REC4] %s", (line, input) => {
    expect(openRecording(header).read(line, 2)).toEqual([input]);
  });

  test("[REC5] devices are where the emulator's command line put them", () => {
    const [guest] = openRecording(header).setup.guests;
    const placed = guest?.devices.map((of) => [formatSourceId(of.device), of.physical]);
    expect(placed).toEqual([
      ["00:01.0", true],
      ["00:04.1", true],
      ["00:02.0", true],
    ]);
    const without = openRecording(header.replace('"0x80"', '"0x0"')).setup.guests[0];
    expect(without?.devices.map((of) => of.physical)).toEqual([false, false, false]);
  });

  test("[REC5] a device that the first line does not place comes before its access", () => {
    const { read } = openRecording(header);
    const line = '{"dma":"00:1f.2","iova":"0x5000","gpa":"0x7000","mask":"0xfff"}';
    expect(read(line, 2)[0]).toEqual({ type: "DeviceAssign", device: 0xfa, physical: true });
    expect(read(line, 3)).toHaveLength(1);
  });

  const refused: readonly (readonly [string, string])[] = [
    ["{", 'not JSON: "{"'],
    ['{"dream":1}', 'unknown line of a recording: "dream"'],
    ['{"mmioRead":"0x1000","size":4}', "mmioRead: expected at most 0xfff"],
    ['{"mmioRead":"0x0","size":9}', "size: expected integer 1 to 8, found 9"],
    ['{"note":"x","colour":1}', 'unknown field "colour"'],
    ['{"fault":"0x0","sid":"0x10000","reason":5,"write":1}', "sid: expected at most 0xffff"],
  ];
  test.each(refused)("[REC6] %s is refused", (line, reason) => {
    expect(() => openRecording(header).read(line, 9)).toThrow(new LogError(9, reason));
  });

  test("[REC6] another format is refused", () => {
    const later = header.replace('"recording":1', '"recording":2');
    expect(() => openRecording(later)).toThrow("line 1: recording format 2; this reads 1");
  });

  test("[PF3] no text whatsoever makes the importer fail in another way", () => {
    const { read } = openRecording(header);
    const near = fc
      .tuple(fc.constantFrom("mmio", "mem", "dma", "fault", "msi", "note"), fc.json())
      .map(([name, json]) => `{"${name}":${json}}`);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), near), (line) => {
        for (const parse of [(): unknown => read(line, 2), (): unknown => openRecording(line)]) {
          try {
            parse();
          } catch (error) {
            expect(error).toBeInstanceOf(LogError);
          }
        }
      }),
    );
  });
});

describe("recordings", () => {
  test.each([
    ["linux-legacy-nvme", 1538, 0],
    ["linux-vfio-edu", 574, 752],
    ["linux-scalable-nvme", 1544, 0],
    ["linux-legacy-nvme-load", 44166, 0],
  ])("[REC7] every access of %s becomes one input", (name, landed, faulted) => {
    const [first = "", ...rest] = linesOf(name);
    const { read } = openRecording(first);
    const all = rest.flatMap((line, index) => read(line, index + 2));
    const dma = all.filter((input) => input.type === "Dma");
    expect(dma.filter((input) => input.observed?.gpa !== undefined)).toHaveLength(landed);
    expect(dma.filter((input) => input.observed?.reason !== undefined)).toHaveLength(faulted);
    const added = all.filter((input) => input.type === "DeviceAssign").length;
    expect(all.length - added).toBe(rest.length);
  });
});
