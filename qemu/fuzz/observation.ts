import { messageText } from "../../target/message.ts";
import type { Observed } from "../../target/sight.ts";

const translate = /^vtd_dmar_translate .* -> gpa 0x([0-9a-f]+) mask 0x([0-9a-f]+)/;
const fault = /^vtd_dmar_fault sid 0x[0-9a-f]+ fault (\d+)/;
const event = /^vtd_irq_generate addr (0x[0-9a-f]+) data (0x[0-9a-f]+)/;
const remap = /^vtd_ir_remap_msi .*-> \(addr (0x[0-9a-f]+), data (0x[0-9a-f]+)\)/;

/** Reads the lines that QEMU traced during one step; `iova` is what was asked for, if anything. */
export function readTrace(lines: readonly string[], iova = 0n): Observed {
  const matches = (pattern: RegExp): RegExpExecArray[] =>
    lines.flatMap((line) => {
      const found = pattern.exec(line);
      return found === null ? [] : [found];
    });
  const [reached] = matches(translate);
  const [, page = "0", mask = "0"] = reached ?? [];
  const [failed] = matches(fault);
  const [message] = matches(remap);
  const offset = iova & BigInt(`0x${mask}`);
  return {
    mask: BigInt(`0x${mask}`),
    translated: reached === undefined ? undefined : BigInt(`0x${page}`) + offset,
    fault: failed === undefined ? undefined : Number(failed[1]),
    suppressed: lines.some((line) => line.startsWith("vtd_fault_disabled")),
    events: matches(event).map(([, at = "0", data = "0"]) => messageText(BigInt(at), BigInt(data))),
    message:
      message === undefined
        ? undefined
        : { address: BigInt(message[1] ?? "0"), data: Number(message[2] ?? "0") },
  };
}
