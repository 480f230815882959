import type { WhatIfView } from "../protocol.ts";

const some = (count: number, one: string, many: string): string =>
  `${count.toString()} ${count === 1 ? one : many}`;

/** What becomes of the requests of devices in another run, in one sentence. */
export function conclusionOf({ dma, dmaDiffering }: Pick<WhatIfView, "dma" | "dmaDiffering">) {
  if (dmaDiffering === 0) return "No request of a device comes to anything else.";
  const kinds = dma.map(({ left, right }) => {
    if (left === undefined) return "new";
    if (right === undefined) return "gone";
    if (right.good === left.good) return "elsewhere";
    return right.good ? "now" : "lost";
  });
  const count = (kind: string): number => kinds.filter((one) => one === kind).length;
  const [now, lost, elsewhere] = [count("now"), count("lost"), count("elsewhere")];
  const [added, gone] = [count("new"), count("gone")];
  const parts = [
    ...(now > 0 ? [some(now, "that was blocked lands", "that were blocked land")] : []),
    ...(lost > 0 ? [some(lost, "that landed does not", "that landed do not")] : []),
    ...(elsewhere > 0
      ? [some(elsewhere, "comes to something else", "come to something else")]
      : []),
    ...(gone > 0 ? [some(gone, "is only in the first run", "are only in the first run")] : []),
    ...(added > 0 ? [some(added, "is only in the second run", "are only in the second run")] : []),
  ];
  const all = some(dmaDiffering, "request comes", "requests come");
  const of = dma.length < dmaDiffering ? `of the first ${dma.length.toString()}, ` : "";
  return `${all} to something else: ${of}${parts.join(", ")}.`;
}
