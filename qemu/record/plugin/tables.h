/* What the guest's tables lead to, followed store by store. */
#ifndef SHADOWFOLD_TABLES_H
#define SHADOWFOLD_TABLES_H

#include <stdbool.h>

#include "entries.h"

/* The guest's memory from GPA 0 on, and what lines are written with. */
void tablesStart(const uint8_t *memory, uint64_t bytes, void (*write)(const char *line));

/* Whether a store to this page has to be told of. Only after tablesStart. */
bool isFollowed(uint64_t page);

/* A word of memory as it is now; 0 where there is none. */
uint64_t wordOf(uint64_t gpa);

/* How many pages are followed. */
extern unsigned followedPages;

/* One more, or one fewer, register leads there. */
void follow(struct link to);
void leave(struct link to);

/* A store that is in memory now; it does not cross the end of a page. */
void storeSeen(uint64_t gpa, unsigned bytes);

/* The guest has told the unit to forget translations: what nothing leads to is left for good. */
void translationsForgotten(void);

#endif
