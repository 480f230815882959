/** The unit of a guest with one device, 00:04.0. */
const unit = {
  ver: "0x10",
  cap: "0xd2008c222f0686",
  ecap: "0xf00f4b",
  p2m: [
    {
      gpa: "0x0",
      hpa: "0x100000000",
      length: "0x200000",
      pageSize: "2M",
      read: true,
      write: true,
    },
  ],
  devices: [{ device: "00:04.0", physical: true }],
};

/** A device's write to an address, with the bytes that it writes. */
export const dma = (iova: string, bytes: string) => ({
  input: "Dma",
  device: "00:04.0",
  iova,
  access: "write",
  bytes,
});

/** A log of a guest that writes entry 1 of a table of two, and then sets it and turns it on. */
export function interruptLog(...rest: readonly object[]): string {
  const register = (offset: number, size: number, value: string) => {
    return { input: "RegisterWrite", offset, size, value };
  };
  const lines = [
    { shadowfold: 1, model: "0.1.0", guests: [unit] },
    { input: "MemoryWrite", gpa: "0x3010", bytes: "01003300000200000000000000000000" },
    register(0xb8, 8, "0x3000"),
    register(0x18, 4, "0x1000000"),
    register(0x18, 4, "0x2000000"),
    ...rest,
  ];
  return lines
    .map((line, at) => `${JSON.stringify(at === 0 ? line : { seq: at, ...line })}\n`)
    .join("");
}
