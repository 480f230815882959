import { gpaOfPage, sourceId } from "../events/address.ts";
import type { GuestSetup } from "../events/setup.ts";
import { createWorld } from "../hypervisor/create-world.ts";
import type { World } from "../projections/world.ts";
import { memory, rootTable, turnOn } from "../properties/examples/driver.ts";
import { guestWith, range } from "../properties/examples/unit.ts";
import { tableAddress, wideUnit } from "../properties/examples/web-scene.ts";
import type { Figure } from "./figure.ts";
import type { Effort } from "./measure.ts";
import { heapBytes, secondsOf } from "./measure.ts";
import { enter, ordinary } from "./worst.ts";

const group = "four times as many";

const devices = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ device: sourceId(index), physical: true }));

/** Every device in a domain of its own, all on one root. */
function domains(count: number): World {
  const buses = Array.from({ length: Math.ceil(count / 256) }, (_, bus) => bus);
  const contexts = buses.map((bus) =>
    memory(
      gpaOfPage(0x600 + bus),
      ...Array.from({ length: 256 }, (_, of) => [
        tableAddress(0) | 1n,
        (BigInt(bus * 256 + of) << 8n) | 3n,
      ]).flat(),
    ),
  );
  const roots = buses.flatMap((bus) => [gpaOfPage(0x600 + bus) | 1n, 0n]);
  const start = createWorld(wideUnit(devices(count)));
  return enter(start, ordinary(5), contexts, memory(rootTable, ...roots));
}

/** One guest with 2 MiB and a device, so many times. */
const guests = (count: number): readonly GuestSetup[] =>
  Array.from({ length: count }, (_, index) =>
    guestWith({ p2m: [range(0n, BigInt(index) << 21n, 0x20_0000n, "2M")] }),
  );

/** The faster of two calls, each with what was left of those before swept away. */
function seconds(run: () => unknown): number {
  const once = (): number => {
    heapBytes();
    return secondsOf(run);
  };
  return Math.min(once(), once());
}

/** Set-ups and domains by the thousand: what four times as many cost. */
export function measureGrowth({ short }: Effort): readonly Figure[] {
  const few = short ? 16 : 1;
  const beside = (name: string, count: number, run: (count: number) => () => unknown): Figure => {
    const [small, large] = [run(count / 4), run(count)];
    const value = seconds(large) / seconds(small);
    return {
      group,
      name: `${count} ${name}, beside a fourth`,
      value,
      unit: "times",
      budget: { atMost: 5 },
    };
  };
  return [
    beside("domains on one root", 512, (count) => {
      const world = domains(count);
      return () => enter(world, turnOn);
    }),
    beside("devices", 65_536 / few, (count) => () => createWorld(wideUnit(devices(count)))),
    beside("guests", 100_000 / few, (count) => () => createWorld({ guests: guests(count) })),
  ];
}
