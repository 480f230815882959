import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { captureRun } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { folder, fileOf } = scratch("explain", afterAll);

interface Walked {
  readonly verdict: { readonly kind: string; readonly text: string };
}

interface Told {
  readonly kind: string;
  readonly title: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly hints: readonly string[];
  readonly walks: readonly Walked[];
}

interface Explained {
  readonly findings: readonly Told[];
  readonly notes: readonly string[];
  readonly lines: { readonly unrecognised: number };
  readonly unrecognised: readonly { readonly line: number; readonly text: string }[];
}

/** What is explained of a file, as `--json` prints it, with the exit code. */
async function explained(
  name: string,
  content: string | Uint8Array,
): Promise<Explained & { readonly code: number; readonly err: string }> {
  const { code, out, err } = await captureRun("explain", fileOf(name, content), "--json");
  return { ...(JSON.parse(out) as Explained), code, err };
}

const fault =
  "DMAR: [DMA Read NO_PASID] Request device [00:05.0] fault addr 0x10a004000 [fault reason 0x51] " +
  "SM: Present bit in Directory Entry is clear";
const dumpBegins = "DMAR: Dump dmar1 table entries for IOVA 0x10a004000";
const rootLine = "DMAR: scalable mode root entry: hi 0x0000000000000000, low 0x0000000101002001";
const contextLine = "DMAR: context entry: hi 0x0000000000000000, low 0x0000000101003401";
const directoryLine = "DMAR: pasid dir entry: 0x0000000101004001";
const whole = [fault, dumpBegins, rootLine, contextLine, directoryLine].join("\n");

describe("bad input", () => {
  const deep = "[".repeat(5000) + "]".repeat(5000);
  const noise = Uint8Array.from({ length: 4000 }, (_, index) => (index * 7919 + 13) % 251);
  const lines: readonly (readonly [string, string | Uint8Array, string])[] = [
    ["empty.txt", "", "empty"],
    ["prose.txt", "hello\nworld\n", "nothing in its 2 lines is understood"],
    ["noise.bin", noise, "is understood"],
    ["deep.json", deep, "JSON nested more than 64 deep"],
    ["other.json", '{"x":1}\n', "is JSON, and none of what explain reads"],
    ["log.ndjson", '{"shadowfold":1,"guests":[]}\n', "replay, why and translate read it"],
    ["amd.txt", "AMD-Vi: Event logged [IO_PAGE_FAULT device=01:00.0]\n", "AMD-Vi"],
    ["arm.txt", "arm-smmu-v3 2b400000.iommu: event 0x10 received:\n", "Arm SMMUv3"],
  ];

  test.each(lines)("[PA4] %s is one line that says what it is", async (name, content, said) => {
    const { code, out, err } = await captureRun("explain", fileOf(name, content));
    expect([code, out, err.split("\n").length]).toEqual([2, "", 2]);
    expect(err).toContain(said);
  });

  test("[PA4] options that do not fit are one line", async () => {
    const file = fileOf("fault.txt", fault);
    const alone = await captureRun("explain", file, "--unit", "dmar0");
    expect([alone.code, alone.err.split("\n").length]).toEqual([2, 2]);
    const none = await captureRun("explain", file, "--state", join(folder, "none.ndjson"));
    expect([none.code, none.out]).toEqual([2, ""]);
    expect(none.err).toContain("a state needs dmar_translation_struct");
    const same = await captureRun("explain", file, "--state", file);
    expect([same.code, readFileSync(file, "utf8")]).toEqual([2, fault]);
  });

  test("[PA5] another architecture's lines beside ours are named, and ours explained", async () => {
    const both = `AMD-Vi: Event logged [IO_PAGE_FAULT device=01:00.0]\n${fault}\n`;
    const { code, findings } = await explained("both.txt", both);
    expect([code, findings.map(({ kind }) => kind)]).toEqual([0, ["fault", "other architecture"]]);
  });

  test("[PA5] a log that is cut anywhere is explained as far as it goes", async () => {
    for (let end = 60; end <= whole.length; end += 17) {
      const { code, out } = await captureRun("explain", fileOf("cut.txt", whole.slice(0, end)));
      const hasFault = end > fault.indexOf("[fault reason 0x51]") + 19;
      if (hasFault) expect([code, out.split("\n")[0]]).toEqual([0, expect.stringContaining("51h")]);
      else expect([end, code === 0 || code === 2]).toEqual([end, true]);
    }
  });

  test("[PA5] a reason whose first line is missing is told as such", async () => {
    const { findings } = await explained(
      "rest.txt",
      "DMAR:[fault reason 06] PTE Read access is not set\n",
    );
    expect(findings[0]).toMatchObject({
      kind: "fault",
      facts: { reason: "6h", device: "not told" },
    });
    expect(findings[0]?.hints.join()).toContain("the line before, with device and address");
  });

  test("[PA5] a compressed file that is cut short is explained, with exit code 2", async () => {
    const long = Array.from({ length: 3000 }, (_, at) => `${fault} ${(at * 7919) % 997}`).join(
      "\n",
    );
    const packed = gzipSync(long);
    const { code, err, findings } = await explained("cut.gz", packed.subarray(0, -40));
    expect([code, err.split("\n").length]).toEqual([2, 2]);
    expect(findings.map(({ kind }) => kind)).toContain("fault");
  });

  test("[PA5] UTF-16 with its mark is read", async () => {
    const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(whole, "utf16le")]);
    const { findings } = await explained("wide.txt", wide);
    expect(findings.map(({ facts }) => facts["reason"])).toEqual(["51h"]);
  });
});

describe("lines that are not understood", () => {
  const text = `usb 1-1: new device\n${fault}\nDMAR: a line that no kernel has printed so far\n`;

  test("[PA6] are counted, and those that seem to be about an IOMMU are shown", async () => {
    const { out } = await captureRun("explain", fileOf("some.txt", text));
    expect(out).toContain("2 lines are not understood");
    expect(out).toContain("line 3: DMAR: a line that no kernel has printed so far");
    expect(out).not.toContain("usb 1-1");
  });

  test("[PA6] are shown on request, and in JSON", async () => {
    const { out } = await captureRun("explain", fileOf("some.txt", text), "--unrecognised");
    expect(out).toContain("line 1: usb 1-1: new device");
    const { lines, unrecognised } = await explained("some.txt", text);
    expect([lines.unrecognised, unrecognised.map(({ line }) => line)]).toEqual([2, [1, 3]]);
  });

  test("[PA6] faults that are alike are counted once, with their number", async () => {
    const many = Array.from({ length: 500 }, () => fault).join("\n");
    const { out } = await captureRun("explain", fileOf("many.txt", many));
    expect(out.split("\n")[0]).toContain("(500 times, lines 1 to 500)");
    expect(out).toContain("0x10a004000 (500 times)");
  });
});
