/*
 * A plugin of QEMU that records what a guest writes to the tables of its IOMMU. It looks at each
 * store; the values of the unit's registers it takes from QEMU's own trace, into which it writes.
 *
 *   -plugin FILE,memory=FILE,trace=FILE
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registers.h"
#include "tables.h"

/* What is used of QEMU's interface for plugins; INTERFACE is the number that this QEMU has. */
typedef uint64_t pluginId;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
enum { noRegisters = 0, storesOnly = 2 };
typedef void storeCallback(unsigned cpu, uint32_t info, uint64_t address, void *data);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *instruction, storeCallback *callback,
                                      int flags, int kinds, void *data);
bool qemu_plugin_mem_is_store(uint32_t info);
unsigned qemu_plugin_mem_size_shift(uint32_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t address);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *place);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *place);
void qemu_plugin_outs(const char *text);
#if INTERFACE >= 3
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction, void *into, size_t bytes);
#else
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
#endif
#if INTERFACE >= 7
void qemu_plugin_register_vcpu_tb_trans_cb(pluginId id,
                                           void (*callback)(struct qemu_plugin_tb *, void *),
                                           void *data);
#else
void qemu_plugin_register_vcpu_tb_trans_cb(pluginId id,
                                           void (*callback)(pluginId, struct qemu_plugin_tb *));
#endif

#define EXPORTED __attribute__((visibility("default")))
EXPORTED int qemu_plugin_version = INTERFACE;

static const uint64_t unitPage = 0xfed90000 / pageBytes;

static const char *memoryFile, *traceFile;
static int trace = -1;

/* Reads what QEMU has traced since the last time. */
static void readTrace(void) {
  static char text[1 << 16];
  static size_t held;
  for (;;) {
    ssize_t got = read(trace, text + held, sizeof text - held);
    if (got <= 0) return;
    held += (size_t)got;
    char *line = text;
    for (size_t at = 0; at < held; at++) {
      if (text[at] != '\n') continue;
      text[at] = 0;
      traceLine(line);
      line = text + at + 1;
    }
    held -= (size_t)(line - text);
    memmove(text, line, held);
    /* A line that is longer than any of the unit's is none of them. */
    if (held == sizeof text) held = 0;
  }
}

static void fail(const char *what) {
  fprintf(stderr, "error of the recorder's plugin: %s\n", what);
  _exit(1);
}

/* QEMU makes the memory's file, and opens its trace, after it has loaded the plugin. */
static void start(void) {
  struct stat about;
  int memory = open(memoryFile, O_RDONLY | O_CLOEXEC);
  if (memory < 0 || fstat(memory, &about) != 0) fail("no memory");
  void *bytes = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_SHARED, memory, 0);
  trace = open(traceFile, O_RDONLY | O_CLOEXEC);
  if (bytes == MAP_FAILED || trace < 0) fail("no memory or no trace");
  close(memory);
  tablesStart(bytes, (uint64_t)about.st_size, qemu_plugin_outs);
}

static void storedPart(uint32_t info, uint64_t address, unsigned bytes) {
  const struct qemu_plugin_hwaddr *place = qemu_plugin_get_hwaddr(info, address);
  if (place == NULL) {
    char line[64];
    snprintf(line, sizeof line, "shadowfold_unseen address 0x%llx\n", (unsigned long long)address);
    if (followedPages > 0) qemu_plugin_outs(line);
    return;
  }
  uint64_t gpa = qemu_plugin_hwaddr_phys_addr(place);
  if (qemu_plugin_hwaddr_is_io(place)) {
    if (gpa / pageBytes != unitPage) return;
    if (trace < 0) start();
    readTrace();
  } else if (followedPages > 0 && isFollowed(gpa / pageBytes)) storeSeen(gpa, bytes);
}

/* Called after each store, when memory has what was stored and a register has had its effect. */
static void stored(unsigned cpu, uint32_t info, uint64_t address, void *isPair) {
  (void)cpu;
  unsigned inPage = address % pageBytes;
  if (followedPages == 0 && !matters(inPage)) return;
  /* QEMU 7.2 calls this for loads too. */
  if (!qemu_plugin_mem_is_store(info)) return;
  unsigned bytes = 1u << qemu_plugin_mem_size_shift(info);
  if (isPair != NULL && bytes == 8) {
    /* Both halves of what is one store of 16 bytes in the guest: told of at the second one. */
    if ((address & 8) == 0) return;
    address -= 8;
    inPage -= 8;
    bytes = 16;
  }
  if (inPage + bytes <= pageBytes) {
    storedPart(info, address, bytes);
    return;
  }
  unsigned first = pageBytes - inPage;
  storedPart(info, address, first);
  storedPart(info, address + first, bytes - first);
}

/* CMPXCHG16B, 0F C7 /1 with REX.W, which QEMU may execute as two stores. */
static bool storesPair(const struct qemu_plugin_insn *instruction) {
  static const uint8_t prefixes[] = {0xf0, 0xf2, 0xf3, 0x66, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65};
  uint8_t code[16];
  size_t size = qemu_plugin_insn_size(instruction), at = 0;
  if (size > sizeof code) return false;
#if INTERFACE >= 3
  if (qemu_plugin_insn_data(instruction, code, size) != size) return false;
#else
  memcpy(code, qemu_plugin_insn_data(instruction), size);
#endif
  while (at < size && memchr(prefixes, code[at], sizeof prefixes) != NULL) at++;
  if (at + 3 >= size || (code[at] & 0xf8) != 0x48) return false;
  return code[at + 1] == 0x0f && code[at + 2] == 0xc7 && (code[at + 3] & 0x38) == 8;
}

static void watch(struct qemu_plugin_tb *block) {
  static char pair;
  size_t count = qemu_plugin_tb_n_insns(block);
  for (size_t i = 0; i < count; i++) {
    struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
    void *data = storesPair(instruction) ? &pair : NULL;
    qemu_plugin_register_vcpu_mem_cb(instruction, stored, noRegisters, storesOnly, data);
  }
}

#if INTERFACE >= 7
static void translated(struct qemu_plugin_tb *block, void *data) {
  (void)data;
  watch(block);
}
#else
static void translated(pluginId id, struct qemu_plugin_tb *block) {
  (void)id;
  watch(block);
}
#endif

EXPORTED int qemu_plugin_install(pluginId id, const void *about, int count, char **arguments) {
  (void)about;
  for (int i = 0; i < count; i++) {
    if (strncmp(arguments[i], "memory=", 7) == 0) memoryFile = arguments[i] + 7;
    if (strncmp(arguments[i], "trace=", 6) == 0) traceFile = arguments[i] + 6;
  }
  if (memoryFile == NULL || traceFile == NULL) return 1;
#if INTERFACE >= 7
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated, NULL);
#else
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
#endif
  return 0;
}
