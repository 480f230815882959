import { afterAll, describe, expect, test } from "vitest";
import { ask, linuxLines, qemuLines } from "../qemu/trace/made-up.ts";
import { captureRun } from "./test/captured-run.ts";
import { scratch } from "./test/scratch.ts";

const { fileOf, folder } = scratch("noise", afterAll);
const qemu = "2026-01-01T00:00:00.000000Z qemu-system-x86_64: ";
const denied =
  `${qemu}vtd_iova_to_slpte: detected slpte permission error (iova=0x2000, level=0x3, ` +
  "slpte=0x0, write=0, pasid=0xffffffff)";
const fault = "1@1.000001:vtd_dmar_fault sid 0xb00 fault 6 addr 0x2000 write 0";
const told =
  "0b:00.0 read at 0x2000: fault 6h, the tables do not allow the read; level 3 entry 0x0";
const text = (...lines: readonly string[]): string => `${lines.join("\n")}\n`;

describe("faults", () => {
  const file = fileOf("fault.log", text(denied, fault));

  test("[TC27] replay and trace tell of them", async () => {
    const replayed = await captureRun("replay", file);
    expect([replayed.code, replayed.err]).toEqual([0, ""]);
    expect(replayed.out).toContain(`faults\n  line 2: ${told}\n`);
    const listed = await captureRun("trace", file);
    expect([listed.code, listed.out, listed.err]).toEqual([0, `       2  ${told}\n`, ""]);
  });

  test("[TC27] --json has each member", async () => {
    const whole = { line: 2, device: "0b:00.0", iova: "0x2000", access: "read", reason: 6 };
    for (const command of ["replay", "trace"]) {
      const { out } = await captureRun(command, file, "--json");
      const entry = { level: 3, entry: "0x0", text: told };
      expect(JSON.parse(out)).toMatchObject({ faults: [{ ...whole, ...entry }], understood: 2 });
    }
  });

  test("[TC27] QEMU's messages alone are told, though nothing of them can be judged", async () => {
    const overflow = "vtd_iova_to_slpte: detected IOVA overflow (iova=0x1000000001000)";
    const failed = "vtd_iommu_translate: detected translation failure";
    const whose = `${failed} (dev=00:05:00, iova=0x1000000001000)`;
    const kept = "New fault is not recorded due to compression of faults";
    const alone = fileOf("stderr", text(...[overflow, whose, kept].map((said) => qemu + said)));
    const { code, out, err } = await captureRun("replay", alone);
    expect([code, err]).toEqual([3, `${alone}: nothing in it could be judged\n`]);
    expect(out).toMatch(
      /line 1: 00:05\.0 at 0x1000000001000: fault 4h, the address is beyond the w/,
    );
    expect(out).toMatch(/line 3: a further fault: not recorded: collapsed into the pending record/);
    expect(out).toMatch(/nothing judged/);
    expect((await captureRun("trace", alone)).code).toBe(0);
  });
});

describe("a guest's console", () => {
  const consoleLines = Array.from({ length: 5000 }, (_, at) => `[    0.${at.toString()}] console`);
  const lines = qemuLines([{ do: "invalidate", words: ask.pages(4, 1) }]);

  test("[TC22] before a trace, however long, and without a last line end", async () => {
    const file = fileOf("console", [...consoleLines, ...lines].join("\n"));
    const { code, out } = await captureRun("trace", file, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      format: "qemu",
      passedBy: { "line of a console, or other text": 5000 },
      unparsed: { count: 0 },
      sequence: [{ text: "iotlb page of domain 4 0x1000 to 0x1fff", line: 5006 }, {}],
    });
  });

  test("[TC22] what is no UTF-8 in it is passed by", async () => {
    const noise = Buffer.from([0xff, 0x00, 0xfe, 0x0a]);
    const bytes = Buffer.concat([noise, Buffer.from(text(...lines)), noise, Buffer.from([0xff])]);
    const { code, out, err } = await captureRun("replay", fileOf("garbled", bytes));
    expect([code, err]).toEqual([0, ""]);
    expect(out).toContain("      3  line of a console, or other text\n");
  });
});

describe("a file without anything", () => {
  const consoleOnly = fileOf("only", text("hello", "world"));

  test("[CL54] no trace at all is one line that names the first", async () => {
    for (const command of ["replay", "trace"]) {
      const { code, out, err } = await captureRun(command, consoleOnly);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toMatch(/^[^\n]*only:1: not JSON: "hello": no log or recording, [^\n]*\n$/);
    }
    const page = await captureRun("replay", fileOf("page", text("<html>")));
    expect(page.err).toMatch(/^[^\n]*page:1: not JSON: .*: it is a web page\n$/);
    const picture = fileOf("picture", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0a]));
    const { code, err } = await captureRun("replay", picture);
    expect([code, err]).toEqual([
      2,
      `${folder}/picture:1: not UTF-8 text: it is a picture (PNG)\n`,
    ]);
  });

  test("[CL54] no line that is understood is exit code 2, and all are counted", async () => {
    const foreign = "            init-1       [000] d....     1.1: kvm_exit: vcpu 0";
    const none = fileOf(
      "foreign",
      text("# tracer: nop", foreign, foreign, "hello", "qi_submit: x"),
    );
    for (const command of ["replay", "trace"]) {
      const { code, err } = await captureRun(command, none);
      expect(code).toBe(2);
      expect(err).toContain(
        "no line of it is understood: 1 × line not understood, " +
          "2 × event of another subsystem, 1 × line of a console, or other text\n",
      );
    }
  });

  test("[CL53] nothing to list or to compare is exit code 3", async () => {
    const quiet = fileOf("quiet", text("vtd_reset_exit "));
    const { code, err } = await captureRun("trace", quiet);
    expect([code, err]).toEqual([3, `${quiet}: there is no invalidation and no fault in it\n`]);
    expect((await captureRun("trace", quiet, "--json")).code).toBe(3);
    const both = await captureRun("trace", quiet, quiet);
    expect([both.code, both.err]).toEqual([
      3,
      `${quiet}, ${quiet}: there is no invalidation in them\n`,
    ]);
  });

  test("[CL53] a trace that ends too early says so by number", async () => {
    const steps = Array.from({ length: 5 }, (_, at) => [
      { do: "unmap" as const, page: at, pages: 1 },
      { do: "invalidate" as const, words: ask.pages(4, at) },
    ]).flat();
    const open = linuxLines([...steps, { do: "unmap", page: 99, pages: 2 }]);
    const { out } = await captureRun("replay", fileOf("open", text(...open)));
    expect(out).toMatch(/ 1 undecided\n/);
    expect(out).not.toContain("none\n");
    expect(out).toMatch(/undecided, as the trace ends too early\n +1 +unmapping/);
  });
});
