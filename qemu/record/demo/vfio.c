/*
 * A user-space driver of QEMU's edu device over VFIO, as process 1's helper in a recorded guest.
 * It maps memory at I/O addresses of its own choice (4 KiB to 4 MiB, some read-only), lets the
 * device copy to and from it, unmaps it, and lets the device try again where nothing is mapped.
 *
 * usage: vfio GROUP DEVICE      (GROUP: number of the IOMMU group, DEVICE: 0000:00:04.0)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { pageBytes = 4096, hugeBytes = 2 << 20, mostMappings = 24, smallPages = 64 };

/* Memory whose pages lie side by side, and memory whose pages lie anywhere. */
struct pool {
  char *start;
  uint64_t size;
};
static struct pool huge = {.size = 8 * hugeBytes}, scattered = {.size = 128 * pageBytes};

/* Registers and commands of the edu device; its buffer of 4 KiB as its DMA engine sees it. */
enum { regIrqAck = 0x64, regFrom = 0x80, regTo = 0x88, regCount = 0x90 };
enum { regCommand = 0x98, commandRun = 1, commandToMemory = 2, commandInterrupt = 4 };
static const uint64_t deviceBuffer = 0x40000;

struct mapping {
  uint64_t iova, size;
};

static int container, device, interrupt;
static uint64_t barOffset;
static struct mapping mappings[mostMappings];
static int mappingCount;
static uint64_t seed = 0x9e3779b97f4a7c15ull;

static void fail(const char *what) {
  printf("vfio: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* xorshift64: the same numbers in every run. */
static uint64_t draw(uint64_t below) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (seed >> 11) % below;
}

static void put(uint64_t reg, uint64_t value, size_t size) {
  if (pwrite(device, &value, size, (off_t)(barOffset + reg)) != (ssize_t)size) fail("register");
}

static void openDevice(const char *group, const char *name) {
  char path[64];
  struct vfio_group_status status = {.argsz = sizeof status};
  snprintf(path, sizeof path, "/dev/vfio/%s", group);
  container = open("/dev/vfio/vfio", O_RDWR);
  int groupFile = open(path, O_RDWR);
  if (container < 0 || groupFile < 0) fail(path);
  if (ioctl(groupFile, VFIO_GROUP_GET_STATUS, &status) != 0) fail("group status");
  if ((status.flags & VFIO_GROUP_FLAGS_VIABLE) == 0) fail("group is not viable");
  if (ioctl(groupFile, VFIO_GROUP_SET_CONTAINER, &container) != 0) fail("container");
  if (ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) != 0) fail("type 1 IOMMU");
  device = ioctl(groupFile, VFIO_GROUP_GET_DEVICE_FD, name);
  if (device < 0) fail(name);
}

static void prepareDevice(void) {
  struct vfio_region_info bar = {.argsz = sizeof bar, .index = VFIO_PCI_BAR0_REGION_INDEX};
  struct vfio_region_info config = {.argsz = sizeof config, .index = VFIO_PCI_CONFIG_REGION_INDEX};
  if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &bar) != 0) fail("BAR 0");
  if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config) != 0) fail("configuration");
  barOffset = bar.offset;
  uint16_t command;
  if (pread(device, &command, 2, (off_t)config.offset + 4) != 2) fail("command");
  command |= 6; /* memory space and bus master */
  if (pwrite(device, &command, 2, (off_t)config.offset + 4) != 2) fail("command");

  struct {
    struct vfio_irq_set set;
    int32_t file;
  } irq = {.set = {.argsz = sizeof irq,
                   .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
                   .index = VFIO_PCI_MSI_IRQ_INDEX,
                   .count = 1}};
  interrupt = eventfd(0, EFD_NONBLOCK);
  irq.file = interrupt;
  if (ioctl(device, VFIO_DEVICE_SET_IRQS, &irq) != 0) fail("interrupt");
}

static void prepareMemory(void) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS;
  huge.start = mmap(NULL, huge.size, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB, -1, 0);
  scattered.start = mmap(NULL, scattered.size, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (huge.start == MAP_FAILED || scattered.start == MAP_FAILED) fail("memory");
  madvise(scattered.start, scattered.size, MADV_NOHUGEPAGE);
  memset(huge.start, 0x5a, huge.size);
  memset(scattered.start, 0xa5, scattered.size);
}

/* Copies between the device and an I/O address; waits for the interrupt, at most two seconds. */
static void copy(uint64_t iova, uint64_t count, int toMemory) {
  uint64_t fired;
  put(regFrom, toMemory ? deviceBuffer : iova, 8);
  put(regTo, toMemory ? iova : deviceBuffer, 8);
  put(regCount, count, 8);
  put(regCommand, commandRun | commandInterrupt | (toMemory ? commandToMemory : 0), 8);
  struct pollfd wait = {.fd = interrupt, .events = POLLIN};
  poll(&wait, 1, 2000);
  if (read(interrupt, &fired, sizeof fired) < 0 && errno != EAGAIN) fail("interrupt");
  put(regIrqAck, 0xffffffff, 4);
}

static int overlaps(uint64_t iova, uint64_t size) {
  for (int i = 0; i < mappingCount; i++)
    if (iova < mappings[i].iova + mappings[i].size && mappings[i].iova < iova + size) return 1;
  /* The interrupt range cannot be mapped. */
  return iova < 0xfef00000ull && 0xfee00000ull < iova + size;
}

/* Maps a part of a pool anywhere: low, just below 4 GiB, or far above. */
static uint64_t map(uint64_t size, int writable) {
  static const uint64_t bases[] = {0x10000, 0x1800000, 0xf0000000, 1ull << 32, 0x7f0000000000ull};
  const struct pool *pool = size <= smallPages * pageBytes && draw(2) ? &scattered : &huge;
  uint64_t grain = size >= hugeBytes && draw(2) ? hugeBytes : pageBytes;
  struct mapping m = {.size = size};
  if (mappingCount == mostMappings) return 0;
  do m.iova = bases[draw(5)] / grain * grain + draw(0x4000000 / grain) * grain;
  while (overlaps(m.iova, size));
  uint64_t offset = draw((pool->size - size) / grain + 1) * grain;
  struct vfio_iommu_type1_dma_map request = {
      .argsz = sizeof request,
      .flags = VFIO_DMA_MAP_FLAG_READ | (writable ? VFIO_DMA_MAP_FLAG_WRITE : 0),
      .vaddr = (uintptr_t)pool->start + offset,
      .iova = m.iova,
      .size = size};
  if (ioctl(container, VFIO_IOMMU_MAP_DMA, &request) != 0) fail("map");
  mappings[mappingCount++] = m;
  return m.iova;
}

static struct mapping unmap(int index) {
  struct mapping m = mappings[index];
  struct vfio_iommu_type1_dma_unmap request = {
      .argsz = sizeof request, .iova = m.iova, .size = m.size};
  if (ioctl(container, VFIO_IOMMU_UNMAP_DMA, &request) != 0) fail("unmap");
  mappings[index] = mappings[--mappingCount];
  return m;
}

/* Any place in a mapping; every third copy goes over the border of two pages. */
static uint64_t placeIn(const struct mapping *m, uint64_t count) {
  uint64_t page = draw(m->size / pageBytes) * pageBytes;
  if (page + pageBytes < m->size && draw(3) == 0) return m->iova + page + pageBytes - count / 2;
  return m->iova + page + draw((pageBytes - count) / 4) * 4;
}

int main(int argumentCount, char **arguments) {
  static const uint64_t sizes[] = {1, 1, 2, 3, 8, 64, 512, 513, 1024};
  setvbuf(stdout, NULL, _IONBF, 0);
  if (argumentCount != 3) return 2;
  openDevice(arguments[1], arguments[2]);
  prepareDevice();
  prepareMemory();
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < 4; i++) map(sizes[draw(9)] * pageBytes, draw(4) != 0);
    for (int i = 0; i < 5; i++) {
      const struct mapping *m = &mappings[draw((uint64_t)mappingCount)];
      uint64_t count = 4 << draw(5);
      copy(placeIn(m, count), count, (int)draw(2));
    }
    /* The device goes on using what it may no longer use. */
    struct mapping gone = unmap((int)draw((uint64_t)mappingCount));
    copy(gone.iova, 32, (int)draw(2));
    if (round % 2 == 1) copy(gone.iova + gone.size - 8, 16, 1);
  }
  /* A read-only mapping that the device reads, and then writes. */
  while (mappingCount > 8) unmap(0);
  uint64_t readOnly = map(2 * pageBytes, 0);
  copy(readOnly, 64, 0);
  copy(readOnly, 64, 1);
  while (mappingCount > 0) unmap(0);
  copy(0x2000000, 64, 0);
  printf("vfio: done\n");
  return 0;
}
