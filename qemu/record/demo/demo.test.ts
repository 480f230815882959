import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { kernelArguments, machineWords } from "../machine.ts";
import { packArchive } from "./archive.ts";
import { findPackages, packagesIn } from "./debian-packages.ts";
import { initScript } from "./guest-script.ts";
import { loadOrder } from "./kernel-modules.ts";
import { linuxTraceIn } from "./linux-trace.ts";

const folder = mkdtempSync(join(tmpdir(), "shadowfold-demo-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Path, mode and content of each record of an archive. */
function unpacked(archive: Buffer): [string, string, string][] {
  const records: [string, string, string][] = [];
  for (let at = 0; at < archive.length; ) {
    const word = (index: number) =>
      Number.parseInt(archive.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
    expect(archive.toString("latin1", at, at + 6)).toBe("070701");
    const [mode, size, nameSize] = [word(1), word(6), word(11)];
    const path = archive.toString("latin1", at + 110, at + 110 + nameSize - 1);
    const content = at + Math.ceil((110 + nameSize) / 4) * 4;
    records.push([path, mode.toString(8), archive.toString("latin1", content, content + size)]);
    at = content + Math.ceil(size / 4) * 4;
  }
  return records;
}

const machine = {
  kernel: "bzImage",
  initrd: undefined,
  append: "",
  machine: "",
  iommu: "",
  devices: ["edu"],
  memoryMiB: 512,
  words: ["-rtc", "base=utc"],
};

describe("guest", () => {
  test("[RC13] an archive holds directories, files and links, each where it must", () => {
    const archive = packArchive([
      { path: "bin", directory: true },
      { path: "bin/sh", link: "busybox" },
      { path: "init", bytes: Buffer.from("#!"), executable: true },
      { path: "data", bytes: Buffer.from("12345"), executable: false },
    ]);
    expect(unpacked(archive)).toEqual([
      ["bin", "40755", ""],
      ["bin/sh", "120777", "busybox"],
      ["init", "100755", "#!"],
      ["data", "100644", "12345"],
      ["TRAILER!!!", "0", ""],
    ]);
  });

  test("[RC14] modules are loaded after those that they need, circles or not", () => {
    const tree = join(folder, "tree");
    mkdirSync(join(tree, "kernel"), { recursive: true });
    const put = (name: string, needs: string) =>
      writeFileSync(join(tree, "kernel", name), `ELF\0depends=${needs}\0license=GPL\0`);
    put("vfio-pci.ko", "vfio-pci-core,vfio");
    put("vfio-pci-core.ko", "vfio,built_in");
    put("vfio.ko", "");
    put("a.ko", "b");
    put("b.ko", "a");
    const names = (...wanted: string[]) =>
      loadOrder(tree, wanted, readFileSync).map(({ name }) => name);
    expect(names("vfio_pci", "vfio")).toEqual(["vfio", "vfio_pci_core", "vfio_pci"]);
    expect(names("a", "none")).toEqual(["b", "a"]);
  });

  test("[RC15] the newest packages of a folder are taken, and both are needed", async () => {
    expect(packagesIn(join(folder, "missing"), false)).toBeUndefined();
    const lacking = "lacks a linux-image-…_amd64.deb or a busybox-static_….deb";
    const quiet = () => undefined;
    await expect(findPackages(folder, false, quiet)).rejects.toThrow(`${folder}: ${lacking}`);
    const names = [
      "linux-image-6.1.0-9-amd64_6.1.27-1_amd64.deb",
      "linux-image-6.1.0-50-amd64_6.1.176-1_amd64.deb",
      "linux-image-amd64_6.1.176-1_amd64.deb",
      "busybox-static_1.35.0-4_amd64.deb",
    ];
    for (const name of names) writeFileSync(join(folder, name), "");
    expect(await findPackages(folder, false, quiet)).toEqual({
      kernel: join(folder, names[1] ?? ""),
      parts: [],
      busybox: join(folder, names[3] ?? ""),
      hypervisor: undefined,
    });
  });

  test("[RC30] the parts of a kernel that is split are those of its own version", () => {
    const place = join(folder, "split");
    mkdirSync(place);
    const [old, version] = ["7.3.3+deb13-amd64_7.3.3-1_amd64", "7.3.4+deb13-amd64_7.3.4-1_amd64"];
    const parts = ["base", "binary", "modules"].map((part) => `linux-${part}-${version}.deb`);
    const all = [`linux-image-${version}.deb`, `linux-image-${old}.deb`, ...parts];
    const others = [
      `linux-base-${old}.deb`,
      "linux-base_4.17_all.deb",
      "busybox-static_1_amd64.deb",
    ];
    for (const name of [...all, ...others]) writeFileSync(join(place, name), "");
    const found = packagesIn(place, false);
    expect(found?.kernel).toBe(join(place, `linux-image-${version}.deb`));
    expect(found?.parts).toEqual(parts.map((name) => join(place, name)));
    expect(packagesIn(place, true)).toBeUndefined();
    const xen = "xen-hypervisor-4.17-amd64_4.17.7-1_amd64.deb";
    writeFileSync(join(place, xen), "");
    expect(packagesIn(place, true)?.hypervisor).toBe(join(place, xen));
    expect(packagesIn(place, false)?.hypervisor).toBeUndefined();
  });

  test("[RC15] without apt, one line says what else will do", async () => {
    const { PATH, XDG_CACHE_HOME } = process.env;
    Object.assign(process.env, { PATH: folder, XDG_CACHE_HOME: folder });
    try {
      const found = findPackages(undefined, false, () => undefined);
      await expect(found).rejects.toThrow(/^apt-cache is not installed; --packages DIR .*\.deb$/);
    } finally {
      Object.assign(process.env, { PATH });
      if (XDG_CACHE_HOME === undefined) delete process.env["XDG_CACHE_HOME"];
      else process.env["XDG_CACHE_HOME"] = XDG_CACHE_HOME;
    }
  });

  test("[RC16] the kernel's command line has what recording needs, once", () => {
    const needed = "console=ttyS0 panic=-1 nokaslr no_timer_check intel_iommu=on";
    expect(kernelArguments(" quiet ")).toBe(`${needed} quiet`);
    const own = "nokaslr no_timer_check intel_iommu=on,sm_on console=ttyS1 panic=5";
    expect(kernelArguments(own)).toBe(own);
  });

  test("[RC16] the machine has one CPU, and memory within bounds", () => {
    const words = machineWords({ ...machine, iommu: "caching-mode=on" }, "F").join(" ");
    expect(words).toContain("-smp 1 -kernel bzImage -append");
    expect(words).toContain("mem-path=F/memory");
    expect(words).toMatch(/-device intel-iommu,caching-mode=on -rtc base=utc -device edu$/);
    for (const memoryMiB of [63, 2049, 64.5, Number.NaN]) {
      expect(() => machineWords({ ...machine, memoryMiB }, "F")).toThrow(/expected 64 to 2048/);
    }
  });

  test("[RC16] the plugin is given memory and trace; Xen's command line is left as it is", () => {
    const xen = {
      ...machine,
      kernel: "xen",
      initrd: "linux a=b,initrd",
      append: "x",
      isPlain: true,
    };
    const words = machineWords(xen, "F,G", "P,Q");
    expect(words).toContain("file=P,,Q,memory=F,,G/memory,trace=F,,G/vtd-trace.txt");
    expect(words.join(" ")).toContain("-kernel xen -initrd linux a=b,initrd -append x -serial");
    const disk = machineWords({ ...machine, kernel: undefined }, "F").join(" ");
    expect(disk).not.toMatch(/-kernel|-append|-plugin/);
  });

  test("[RC17] Linux's trace is taken out of the console as it was", () => {
    const script = initScript("nvme", ["t10_pi", "nvme"]);
    expect(script).toMatch(/insmod \/lib\/t10_pi.ko\ninsmod \/lib\/nvme.ko/);
    const lines = ["[  1.0] boot", "[  5.1] trace| # tracer: nop", "[  5.2] trace|   a: map: x"];
    expect(linuxTraceIn(lines.join("\r\n"))).toBe("# tracer: nop\n  a: map: x\n");
  });
});
