import type { QemuBinary } from "../binary.ts";
import { findQemu } from "../binary.ts";

/**
 * The QEMU that tests run: SHADOWFOLD_QEMU, or the one on PATH. Without one, why its tests are
 * skipped, to be put behind their names.
 */
export async function installedQemu(): Promise<{
  readonly qemu: QemuBinary | undefined;
  readonly why: string;
}> {
  try {
    return { qemu: await findQemu(process.env["SHADOWFOLD_QEMU"]), why: "" };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    return { qemu: undefined, why: ` (skipped: ${text})` };
  }
}
