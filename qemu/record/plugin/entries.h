/* What the pages of the guest's tables hold, and what their entries lead to. */
#ifndef SHADOWFOLD_ENTRIES_H
#define SHADOWFOLD_ENTRIES_H

#include <stdint.h>

enum { pageBytes = 4096, mostLinks = 32, widestEntry = 64 };

/* Where a word points to. */
static const uint64_t addressMask = 0x000ffffffffff000;

/* What a page, or for `statusWord` a word of it, holds for the unit. */
enum kind {
  plain, /* interrupt table, page-request queue: leads nowhere */
  rootTable,
  contextTable,
  scalableRoot,
  scalableContext,
  pasidDirectory,
  pasidTable,
  secondStage,
  firstStage,
  queue,
  statusWord,
};

/*
 * One thing that an entry or a register leads to. The level is that of a table of translation, the
 * size of a queue's descriptors in bytes, or the index of a status word of 4 bytes in its page.
 */
struct link {
  uint64_t page;
  enum kind kind;
  unsigned level;
};

/* Bytes of one entry: at most widestEntry, and 4096 is a multiple. */
unsigned entryBytes(struct link as);

/* What one entry of such a page leads to: how many links, at most mostLinks. */
unsigned linksOf(struct link as, const uint8_t *entry, struct link *links);

#endif
