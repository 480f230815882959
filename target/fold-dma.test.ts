import { expect, it } from "vitest";
import { at } from "../events/registers/offset.ts";
import { command, memory, page, reads, srtp, te, write8 } from "../properties/examples/driver.ts";
import { runOther } from "./test/other-target.ts";

it("[TG13] a wrong DMA where several outcomes are right names each of them apart", async () => {
  const passes = memory(0x2200n, 9n, 0x502n);
  const silentlyAbsent = memory(0x2200n, 2n, 0x502n);
  const inputs = [
    [memory(0x1000n, 0x2001n, 0n), passes, write8(at.rtaddr, 0x1000n), command(srtp), command(te)],
    [reads(page), silentlyAbsent, reads(page)],
  ];
  let asked = 0;
  const { comparison } = await runOther(inputs, {
    dma: (answer) => (++asked < 2 ? answer : { ...answer, at: 0x5000n }),
  });
  expect(comparison?.difference?.text).toBe(
    "dma: page 0x5, the model: page 0x1806 (allowed: page 0x1806; or fault 0x2, suppressed)",
  );
});
