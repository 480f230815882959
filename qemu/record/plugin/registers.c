/* Which tables, queues and announcements the writes to the unit's registers mean. */
#include "registers.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tables.h"

/* Offsets of registers in bytes; the last one is where QEMU's ECAP.IRO puts it. */
enum { gcmd = 0x18, rtaddr = 0x20, ccmd = 0x28, iqt = 0x88, iqa = 0x90, irta = 0xb8, pqa = 0xd0,
       iotlb = 0xf8 };

static const uint32_t setRoot = 1u << 30, setInterrupts = 1u << 24;

static uint64_t words[pageBytes / 8];

/* Pages in a row that a register leads to. */
struct area {
  struct link start;
  unsigned pages;
};

/* As the guest wrote them, and as the unit latched them at the last command. */
static struct area givenRoot, latchedRoot, givenInterrupts, latchedInterrupts;
static struct area descriptors, requests;

static void put(struct area *place, struct area area) {
  struct area old = *place;
  *place = area;
  for (unsigned i = 0; i < area.pages; i++)
    follow((struct link){area.start.page + i, area.start.kind, area.start.level});
  for (unsigned i = 0; i < old.pages; i++)
    leave((struct link){old.start.page + i, old.start.kind, old.start.level});
}

static struct area areaAt(uint64_t word, enum kind kind, unsigned level, unsigned pages) {
  return (struct area){{(word & addressMask) / pageBytes, kind, level}, pages};
}

static unsigned descriptorBytes(void) { return (words[iqa / 8] & 0x800) != 0 ? 32 : 16; }

/* Descriptors that have translations forgotten: of contexts, PASIDs, and both kinds of IOTLB. */
static bool forgets(uint64_t descriptor) {
  unsigned type = (descriptor >> 5 & 0x70) | (descriptor & 15);
  return type == 1 || type == 2 || type == 6 || type == 7;
}

/* What the tail passed has been executed: QEMU does that before the guest goes on. */
static void tailMoved(uint64_t from, uint64_t to) {
  uint64_t mask = (uint64_t)descriptors.pages * pageBytes - 1;
  bool isAnnounced = false;
  if (descriptors.pages == 0) return;
  /* A tail between two descriptors is passed over. */
  uint64_t count = ((to - from) & mask) / descriptorBytes();
  for (uint64_t i = 0; i < count; i++) {
    uint64_t at = (from + i * descriptorBytes()) & mask;
    if (forgets(wordOf(descriptors.start.page * pageBytes + at))) isAnnounced = true;
  }
  if (isAnnounced) translationsForgotten();
}

static void written(unsigned offset, uint64_t old) {
  uint64_t word = words[offset / 8];
  unsigned exponent;
  switch (offset & ~7u) {
    case rtaddr:
      put(&givenRoot, areaAt(word, (word & 0x400) != 0 ? scalableRoot : rootTable, 0, 1));
      break;
    case irta:
      /* 2^(S + 1) entries of 16 bytes. */
      exponent = word & 15;
      put(&givenInterrupts, areaAt(word, plain, 0, exponent <= 7 ? 1 : 1u << (exponent - 7)));
      break;
    case iqa:
      put(&descriptors, areaAt(word, queue, descriptorBytes(), 1u << (word & 7)));
      break;
    case pqa:
      put(&requests, areaAt(word, plain, 0, 1u << (word & 7)));
      break;
    case iqt:
      tailMoved(old & 0x7fff0, word & 0x7fff0);
      break;
    case ccmd:
    case iotlb:
      /* The unit takes the bit back when it has done so. */
      if (word >> 63 != 0) translationsForgotten();
      words[offset / 8] &= ~(1ull << 63);
      break;
    case gcmd:
      if (offset != gcmd) break;
      if ((word & setRoot) != 0) put(&latchedRoot, givenRoot);
      if ((word & setInterrupts) != 0) put(&latchedInterrupts, givenInterrupts);
      break;
  }
}

void traceLine(const char *line) {
  unsigned long long offset, size, value;
  /* A process and a time may stand before the event. */
  const char *event = strstr(line, "vtd_reg_write addr ");
  if (event == NULL) return;
  static const char form[] = "vtd_reg_write addr %llx size %llx value %llx";
  if (sscanf(event, form, &offset, &size, &value) != 3) return;
  if (offset >= pageBytes || (size != 4 && size != 8) || offset % size != 0) return;
  uint64_t old = words[offset / 8];
  memcpy((uint8_t *)words + offset, &value, size);
  written((unsigned)offset, old);
}

bool matters(unsigned offset) {
  switch (offset & ~7u) {
    case rtaddr: case irta: case iqa: case pqa: case iqt: case ccmd: case iotlb: case gcmd:
      return true;
    default:
      return false;
  }
}
