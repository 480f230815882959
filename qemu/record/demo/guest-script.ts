/** Guests that can be made from Debian's packages. */
export const demoNames = ["nvme", "vfio", "scalable", "xen"] as const;
export type DemoName = (typeof demoNames)[number];

/** Before each line of Linux's own trace among those of the console. */
export const traceMark = "trace| ";

/** What a guest says when it has done its work. */
export const lastWords = "shadowfold: the guest has done its work";

/** Modules that each guest loads besides those that these need. */
export const modulesOf: Readonly<Record<DemoName, readonly string[]>> = {
  nvme: ["nvme", "e1000e"],
  scalable: ["nvme", "e1000e"],
  xen: ["nvme", "e1000e"],
  vfio: ["vfio", "vfio_iommu_type1", "vfio-pci"],
};

/**
 * The console is written through the kernel's log: a serial port that user space writes to raises
 * an interrupt a byte.
 */
const opening = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tracefs trace /sys/kernel/tracing
exec > /dev/kmsg 2>&1
`;

/** Uses a disk and a network; then both drivers let go of their device. */
const diskAndNetwork = `
tries=0
while [ ! -b /dev/nvme0n1 ] && [ $tries -lt 100 ]; do
  usleep 100000
  tries=$((tries + 1))
done
dd if=/dev/nvme0n1 of=/dev/null bs=64k count=24
dd if=/dev/nvme0n1 of=/dev/null bs=4k count=96 iflag=direct
dd if=/dev/zero of=/dev/nvme0n1 bs=4k count=48 oflag=direct
ip link set eth0 up
udhcpc -i eth0 -n -q -t 5 -T 1 -s /bin/true
ip addr add 10.0.2.15/24 dev eth0
ping -c 4 -i 0.2 -s 3000 10.0.2.2
ip link set eth0 down
for driver in e1000e nvme; do
  for device in /sys/bus/pci/drivers/$driver/0000:*; do
    echo "\${device##*/}" > /sys/bus/pci/drivers/$driver/unbind
  done
done
`;

/** Gives QEMU's edu device to the user-space driver. */
const userSpaceDriver = `
echo 8 > /proc/sys/vm/nr_hugepages
echo 1234 11e8 > /sys/bus/pci/drivers/vfio-pci/new_id
usleep 200000
device=0000:00:04.0
group=$(readlink /sys/bus/pci/devices/$device/iommu_group)
/bin/vfio "\${group##*/}" $device || poweroff -f
`;

/** Linux's own trace goes the same way, for the same reason. */
const closing = `
echo "<1>${lastWords}"
echo 0 > /sys/kernel/tracing/tracing_on
if grep -q trace_event= /proc/cmdline; then
  while IFS= read -r line; do
    echo "<1>${traceMark}$line"
  done < /sys/kernel/tracing/trace
fi
poweroff -f
`;

/** The first program of a guest: loads modules, works its devices, and turns the guest off. */
export function initScript(demo: DemoName, modules: readonly string[]): string {
  const load = modules.map((name) => `insmod /lib/${name}.ko\n`).join("");
  const work = demo === "vfio" ? userSpaceDriver : diskAndNetwork;
  return `${opening}${load}${work}${closing}`;
}
