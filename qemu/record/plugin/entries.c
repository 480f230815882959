/* How the entries of the guest's tables and queues are read. */
#include "entries.h"

#include <stdbool.h>
#include <string.h>

static uint64_t wordAt(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

static uint64_t pageOf(uint64_t word) { return (word & addressMask) / pageBytes; }

unsigned entryBytes(struct link as) {
  switch (as.kind) {
    case rootTable:
    case contextTable:
      return 16;
    case scalableContext:
      return 32;
    case pasidTable:
      return 64;
    case queue:
      return as.level;
    default:
      return 8;
  }
}

static unsigned stageLink(uint64_t pointer, enum kind kind, unsigned level, struct link *links) {
  if (level < 3 || level > 5) return 0;
  links[0] = (struct link){pageOf(pointer), kind, level};
  return 1;
}

static unsigned pasidLink(const uint8_t *entry, struct link *links) {
  uint64_t low = wordAt(entry), third = wordAt(entry + 16);
  unsigned type = low >> 6 & 7;
  if (type == 1) return stageLink(third, firstStage, 4 + (third >> 2 & 3), links);
  /* Under nesting the first stage's addresses are the second stage's, which alone is followed. */
  if (type == 2 || type == 3) return stageLink(low, secondStage, 2 + (low >> 2 & 7), links);
  return 0;
}

/* The pages of a PASID directory: 2^(PDTS + 7) entries of 8 bytes. */
static unsigned directoryLinks(uint64_t low, struct link *links) {
  unsigned exponent = low >> 9 & 7;
  unsigned count = exponent <= 2 ? 1 : 1u << (exponent - 2);
  for (unsigned i = 0; i < count; i++)
    links[i] = (struct link){pageOf(low) + i, pasidDirectory, 0};
  return count;
}

/* What one entry leads to: at most mostLinks. */
unsigned linksOf(struct link as, const uint8_t *entry, struct link *links) {
  uint64_t low = wordAt(entry);
  uint64_t next = pageOf(low);
  bool isPresent = (low & 1) != 0;
  switch (as.kind) {
    case rootTable:
      links[0] = (struct link){next, contextTable, 0};
      return isPresent;
    case scalableRoot:
      links[0] = (struct link){next, scalableContext, 0};
      return isPresent;
    case pasidDirectory:
      links[0] = (struct link){next, pasidTable, 0};
      return isPresent;
    case contextTable:
      /* Translation types 0 and 1 have tables. */
      if (!isPresent || (low & 8) != 0) return 0;
      return stageLink(low, secondStage, 2 + (wordAt(entry + 8) & 7), links);
    case scalableContext:
      return isPresent ? directoryLinks(low, links) : 0;
    case pasidTable:
      return isPresent ? pasidLink(entry, links) : 0;
    case secondStage:
    case firstStage:
      links[0] = (struct link){next, as.kind, as.level - 1};
      if (as.level == 1 || (low & 0x80) != 0) return 0;
      return (low & (as.kind == firstStage ? 1 : 3)) != 0;
    case queue:
      /* A wait descriptor that writes a status. */
      if ((low & 0xe0f) != 5 || (low & 0x20) == 0) return 0;
      next = wordAt(entry + 8);
      links[0] = (struct link){next / pageBytes, statusWord, next % pageBytes / 4};
      return 1;
    default:
      return 0;
  }
}
