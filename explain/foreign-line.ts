import type { Recogniser } from "./recogniser.ts";

/** Other architectures' drivers, by what their lines are marked with. */
const marks: readonly (readonly [RegExp, string])[] = [
  [/\bAMD-Vi\b|\biommu ivhd\d|\bamd_iommu\b/i, "AMD-Vi (AMD's IOMMU)"],
  [/\barm-smmu-v3\b|\bSMMUv3:|\bsmmuv3_\w+/i, "Arm SMMUv3"],
  [/\barm-smmu\b|\bsmmu: \/|\bqcom-iommu\b/i, "Arm SMMU"],
  [/\briscv-iommu\b|\briscv_iommu\w*/i, "the RISC-V IOMMU"],
  [/\bapple-dart\b/i, "Apple's DART"],
  [/\b(?:rk_iommu|exynos-sysmmu|mtk-iommu|tegra-smmu|sun50i-iommu)\b/i, "an SoC's IOMMU"],
  [/\bvirtio_iommu\b/i, "virtio-iommu"],
];

/** Reads lines that another architecture's driver marks as its own. */
export const readForeignLine: Recogniser = (words) => {
  const architecture = marks.find(([form]) => form.test(words))?.[1];
  return architecture === undefined ? undefined : { kind: "foreign", architecture };
};
