/*
 * Follows the guest's tables as the guest writes them: a page is told of in whole when something
 * begins to lead to it, and each store to it from then on, until nothing leads to it and the guest
 * has had translations forgotten.
 */
#include "tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { wordBytes = 8, mostRoles = 1 << 18 };

/* One way in which a page is used, and how many entries and registers lead to it. */
struct role {
  struct role *next;
  struct role *nextStale;
  struct link as;
  unsigned uses;
  bool isStale;
};

/* The content as it was last told or, for what is followed, as the guest wrote it. */
struct page {
  struct role *roles;
  uint8_t known[pageBytes];
};

static const uint8_t *ram;
static uint64_t ramPages;
static struct page **pages;
static struct role *stale;
static unsigned roleCount;
static void (*writeLine)(const char *line);

unsigned followedPages;

void tablesStart(const uint8_t *memory, uint64_t bytes, void (*write)(const char *line)) {
  ram = memory;
  ramPages = bytes / pageBytes;
  pages = calloc(ramPages, sizeof *pages);
  writeLine = write;
}

bool isFollowed(uint64_t page) {
  return page < ramPages && pages[page] != NULL && pages[page]->roles != NULL;
}

uint64_t wordOf(uint64_t gpa) {
  uint64_t word = 0;
  if (gpa / pageBytes < ramPages) memcpy(&word, ram + gpa, sizeof word);
  return word;
}

static void tell(const char *what, uint64_t gpa, const uint8_t *bytes, unsigned count) {
  static const char digits[] = "0123456789abcdef";
  char line[2 * pageBytes + 64];
  int at = snprintf(line, 64, "shadowfold_%s 0x%llx ", what, (unsigned long long)gpa);
  for (unsigned i = 0; i < count; i++) {
    line[at++] = digits[bytes[i] >> 4];
    line[at++] = digits[bytes[i] & 15];
  }
  line[at++] = '\n';
  line[at] = 0;
  writeLine(line);
}

/* Tells the words of a part of a page that are not known, adjacent ones as one. */
static void tellNews(uint64_t number, const uint8_t *now, unsigned from, unsigned bytes) {
  uint8_t *known = pages[number]->known;
  unsigned step = bytes < wordBytes ? bytes : wordBytes;
  unsigned start = from;
  for (unsigned at = from; at <= from + bytes; at += step) {
    if (at < from + bytes && memcmp(now + at, known + at, step) != 0) continue;
    if (at > start) tell("page", number * pageBytes + start, now + start, at - start);
    start = at + step;
  }
  memcpy(known + from, now + from, bytes);
}

static struct role *roleOf(const struct page *page, struct link as) {
  struct role *role = page->roles;
  for (; role != NULL; role = role->next)
    if (role->as.kind == as.kind && role->as.level == as.level) break;
  return role;
}

/* Whether a page is followed in whole, not some status words alone. */
static bool isWhole(const struct page *page) {
  for (const struct role *role = page->roles; role != NULL; role = role->next)
    if (role->as.kind != statusWord) return true;
  return false;
}

static struct role *newRole(struct page *page, struct link to) {
  struct role *role = calloc(1, sizeof *role);
  role->as = to;
  role->uses = 1;
  role->next = page->roles;
  if (page->roles == NULL) followedPages++;
  page->roles = role;
  roleCount++;
  return role;
}

/* What a page leads to is told of before the page itself. */
static void followPage(struct page *page, struct link to) {
  uint8_t now[pageBytes];
  struct link links[mostLinks];
  bool isNews = !isWhole(page);
  const struct role *role = newRole(page, to);
  memcpy(now, isNews ? ram + to.page * pageBytes : page->known, pageBytes);
  for (unsigned at = 0; at < pageBytes; at += entryBytes(role->as)) {
    unsigned count = linksOf(role->as, now + at, links);
    for (unsigned i = 0; i < count; i++) follow(links[i]);
  }
  if (isNews) tellNews(to.page, now, 0, pageBytes);
}

void follow(struct link to) {
  if (to.page >= ramPages) return;
  struct page *page = pages[to.page];
  struct role *role = page == NULL ? NULL : roleOf(page, to);
  if (role != NULL) {
    role->uses++;
    return;
  }
  if (roleCount >= mostRoles) return;
  if (page == NULL) page = pages[to.page] = calloc(1, sizeof *page);
  if (to.kind != statusWord) {
    followPage(page, to);
    return;
  }
  bool isNews = !isWhole(page);
  newRole(page, to);
  if (isNews) tellNews(to.page, ram + to.page * pageBytes, to.level * 4, 4);
}

void leave(struct link to) {
  struct role *role = isFollowed(to.page) ? roleOf(pages[to.page], to) : NULL;
  if (role == NULL || role->uses == 0 || --role->uses > 0 || role->isStale) return;
  role->isStale = true;
  role->nextStale = stale;
  stale = role;
}

static void removeRole(struct role *role) {
  struct page *page = pages[role->as.page];
  struct link links[mostLinks];
  struct role **place = &page->roles;
  while (*place != role) place = &(*place)->next;
  *place = role->next;
  roleCount--;
  if (page->roles == NULL) followedPages--;
  for (unsigned at = 0; at < pageBytes; at += entryBytes(role->as)) {
    if (role->as.kind == statusWord) break;
    unsigned count = linksOf(role->as, page->known + at, links);
    for (unsigned i = 0; i < count; i++) leave(links[i]);
  }
  free(role);
}

void translationsForgotten(void) {
  while (stale != NULL) {
    struct role *role = stale;
    stale = role->nextStale;
    role->isStale = false;
    if (role->uses == 0) removeRole(role);
  }
}

/* What an entry led to before a store, and what it leads to after it. */
static void relink(const struct role *role, const uint8_t *before, const uint8_t *after) {
  struct link old[mostLinks], new[mostLinks];
  if (memcmp(before, after, entryBytes(role->as)) == 0) return;
  unsigned oldCount = linksOf(role->as, before, old);
  unsigned newCount = linksOf(role->as, after, new);
  for (unsigned i = 0; i < newCount; i++) follow(new[i]);
  for (unsigned i = 0; i < oldCount; i++) leave(old[i]);
}

static bool isOfInterest(const struct role *role, unsigned at, unsigned bytes) {
  if (role->as.kind != statusWord) return true;
  unsigned word = role->as.level * 4;
  return word < at + bytes && at < word + 4;
}

void storeSeen(uint64_t gpa, unsigned bytes) {
  struct page *page = pages[gpa / pageBytes];
  unsigned at = gpa % pageBytes;
  struct role *role = page->roles;
  while (role != NULL && !isOfInterest(role, at, bytes)) role = role->next;
  if (role == NULL) return;
  uint8_t before[pageBytes];
  unsigned from = at / widestEntry * widestEntry;
  unsigned end = (at + bytes + widestEntry - 1) / widestEntry * widestEntry;
  memcpy(before + from, page->known + from, end - from);
  memcpy(page->known + at, ram + gpa, bytes);
  /* Roles that this store adds are put before the first one. */
  for (role = page->roles; role != NULL; role = role->next) {
    unsigned step = entryBytes(role->as);
    if (role->as.kind == statusWord || role->as.kind == plain) continue;
    for (unsigned entry = at / step * step; entry < at + bytes; entry += step)
      relink(role, before + entry, page->known + entry);
  }
  tell("store", gpa, page->known + at, bytes);
}
