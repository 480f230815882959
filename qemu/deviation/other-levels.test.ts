import { expect, test } from "vitest";
import { iova, sourceId } from "../../events/address.ts";
import type { Access, Input, InputOf } from "../../events/input.ts";
import { at } from "../../events/registers/offset.ts";
import { createWorld } from "../../hypervisor/create-world.ts";
import { fold } from "../../hypervisor/fold.ts";
import * as driver from "../../properties/examples/driver.ts";
import { flat } from "../../properties/examples/given.ts";
import { compare } from "../../target/compare.ts";
import { imageOf } from "../../target/image.ts";
import { setupOf } from "../../target/setup.ts";
import { knownIn } from "./known-in.ts";

const { command, memory, qie, srtp, submit, te, write8 } = driver;
const device = sourceId(0x10);
const setup = setupOf({ ver: 0x10n, cap: 0x80d2008c222f0686n, ecap: 0xf00f4bn });
const [top, leaf, other, context] = [0x4000n, 0x7000n, 0x9000n, 0x2100n] as const;

/** With three levels IOVA 0 leads to the leaf for reads and writes, with four for writes alone. */
const begun = flat([
  memory(0n, 0x2001n),
  memory(context, top | 1n, 0x201n),
  memory(top, 0x5003n),
  memory(0x5000n, 0x6003n),
  memory(0x6000n, leaf | 3n, other | 3n),
  memory(leaf, leaf | 2n),
  command(srtp),
  write8(at.iqa, driver.queue),
  command(qie),
  command(te | qie),
]);
const dma = (access: Access, address: bigint): InputOf<"Dma"> => ({
  ...{ type: "Dma", device, iova: iova(address), access, length: 8 },
  ...(access === "write" ? { bytes: new Uint8Array(8) } : {}),
});
const changed: readonly Input[] = [
  ...begun,
  dma("write", 0x1000n),
  memory(context + 8n, 0x202n),
  dma("read", 0n),
];

/** Compares with a QEMU whose every DMA goes by the three levels, and that records no fault. */
function compared(inputs: readonly Input[]) {
  let world = createWorld({ guests: [setup] });
  const seen = inputs.map((input) => {
    const next = fold(world, input).world;
    const [guest] = (input.type === "Dma" ? world : next).guests;
    world = next;
    const isRead = input.type === "Dma" && input.access === "read";
    const landed = isRead ? leaf : other;
    const quiet = { fault: undefined, suppressed: false, events: [], message: undefined };
    const translated = input.type === "Dma" ? landed : undefined;
    return {
      registers: guest === undefined ? new Uint8Array() : imageOf(guest, 0x100),
      observed: { translated, mask: 0xfffn, ...quiet },
      ...{ isTraced: true, trace: [] },
      ...(isRead ? { data: new Uint8Array([2, 0x70, 0, 0, 0, 0, 0, 0]) } : {}),
    };
  });
  const sight = { seen, lateData: new Map<number, Uint8Array>(), memory: [] };
  const { difference, met, agreed } = compare(
    setup,
    inputs,
    sight,
    knownIn({ major: 11, minor: 1 }),
  );
  return { text: difference?.text, met: [...met.keys()], left: inputs.length - agreed };
}

const forgets = (...descriptors: readonly bigint[]): readonly Input[] =>
  flat(submit(driver.contextsOfDevice(2, 0x10), ...descriptors));

test("[QF18] a translation found with other levels is used until the IOTLB forgets it", () => {
  expect(compared(changed)).toMatchObject({ text: undefined, left: 0 });
  const again = compared([...changed, ...forgets(), dma("read", 0n)]);
  expect(again).toEqual({ text: undefined, met: [], left: 1 });
  const whole = compared([...changed, ...forgets(driver.iotlbOfDomain(2)), dma("read", 0n)]);
  expect(whole.text).toMatch(/^dma: page 0x7, the model: fault 0x6;/);
});
