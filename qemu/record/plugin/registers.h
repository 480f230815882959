/* The unit's registers that lead to tables, as QEMU's trace tells their writes. */
#ifndef SHADOWFOLD_REGISTERS_H
#define SHADOWFOLD_REGISTERS_H

#include <stdbool.h>

/* One line of QEMU's trace, without its end; only writes of registers matter. */
void traceLine(const char *line);

/* Whether a store at this offset of the unit's page can change what is followed. */
bool matters(unsigned offset);

#endif
