/*
 * Stands in for QEMU where the recorder's plugin is tested: memory is a file, and what the guest
 * does is read from standard input, one step a line.
 *
 *   pretend-qemu MEMORY TRACE
 *     store GPA BYTES            a store of 1 to 16 bytes
 *     pair GPA BYTES             one store of 16 bytes, which QEMU executes as two
 *     load GPA SIZE              a load, for which QEMU 7.2 calls the plugin too
 *     device GPA BYTES           memory changes without a store
 *     write OFFSET SIZE VALUE    a register of the unit
 *     elsewhere OFFSET           a register of another device
 *     unplaced ADDRESS           a store of which QEMU does not say where it went
 *
 * All numbers are hexadecimal; bytes come as they lie in memory.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef void storeCallback(unsigned cpu, uint32_t info, uint64_t address, void *data);
struct qemu_plugin_insn {
  const char *code;
  size_t size;
  storeCallback *callback;
  void *data;
};
/* A move and a CMPXCHG16B are all that is translated. */
struct qemu_plugin_tb {
  struct qemu_plugin_insn instructions[2];
} block = {{{"\x48\x89\x07", 3, NULL, NULL}, {"\xf0\x48\x0f\xc7\x0f", 5, NULL, NULL}}};
/* Where an access goes: addresses beyond memory are registers. */
struct qemu_plugin_hwaddr {
  uint64_t address;
} place;

enum { storeBit = 0x100, unit = 0xfed90000, other = 0xfebf0000 };

static uint8_t *memory;
static uint64_t memoryBytes;
static FILE *trace;
static bool isPlaced = true;

int qemu_plugin_install(uint64_t id, const void *about, int count, char **arguments);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *of) {
  return sizeof of->instructions / sizeof of->instructions[0];
}
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(struct qemu_plugin_tb *of, size_t index) {
  return &of->instructions[index];
}
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *of) { return of->size; }
#if INTERFACE >= 3
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *of, void *into, size_t bytes) {
  memcpy(into, of->code, bytes);
  return bytes;
}
#else
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *of) { return of->code; }
#endif
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *of, storeCallback *callback,
                                      int flags, int kinds, void *data) {
  if (flags != 0 || kinds != 2) abort();
  of->callback = callback;
  of->data = data;
}
#if INTERFACE >= 7
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
                                           void (*callback)(struct qemu_plugin_tb *, void *),
                                           void *data) {
  (void)id;
  callback(&block, data);
}
#else
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
                                           void (*callback)(uint64_t, struct qemu_plugin_tb *)) {
  callback(id, &block);
}
#endif
unsigned qemu_plugin_mem_size_shift(uint32_t info) { return info & 0xff; }
bool qemu_plugin_mem_is_store(uint32_t info) { return (info & storeBit) != 0; }
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t address) {
  (void)info;
  place.address = address;
  return isPlaced ? &place : NULL;
}
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *of) {
  return of->address >= memoryBytes;
}
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *of) { return of->address; }
void qemu_plugin_outs(const char *text) {
  fputs(text, trace);
  fflush(trace);
}

static void called(int which, uint64_t address, unsigned bytes, uint32_t kind) {
  const struct qemu_plugin_insn *by = &block.instructions[which];
  by->callback(0, (uint32_t)__builtin_ctz(bytes) | kind, address, by->data);
}

static unsigned put(uint64_t address, const char *digits) {
  unsigned count = 0, byte;
  for (; sscanf(digits + 2 * count, "%2x", &byte) == 1; count++)
    memory[address + count] = (uint8_t)byte;
  return count;
}

static void step(const char *line) {
  unsigned long long first, second, third;
  char bytes[10000];
  if (sscanf(line, "store %llx %9999s", &first, bytes) == 2) {
    called(0, first, put(first, bytes), storeBit);
  } else if (sscanf(line, "pair %llx %9999s", &first, bytes) == 2) {
    put(first, bytes);
    called(1, first, 8, storeBit);
    called(1, first + 8, 8, storeBit);
  } else if (sscanf(line, "load %llx %llx", &first, &second) == 2) {
    called(0, first, (unsigned)second, 0);
  } else if (sscanf(line, "device %llx %9999s", &first, bytes) == 2) {
    put(first, bytes);
  } else if (sscanf(line, "write %llx %llx %llx", &first, &second, &third) == 3) {
    fprintf(trace, "vtd_reg_write addr 0x%llx size 0x%llx value 0x%llx\n", first, second, third);
    fflush(trace);
    called(0, unit + first, (unsigned)second, storeBit);
  } else if (sscanf(line, "elsewhere %llx", &first) == 1) {
    called(0, other + first, 4, storeBit);
  } else if (sscanf(line, "unplaced %llx", &first) == 1) {
    isPlaced = false;
    called(0, first, 8, storeBit);
    isPlaced = true;
  } else {
    fprintf(stderr, "pretend-qemu: %s", line);
    exit(2);
  }
}

int main(int count, char **arguments) {
  char line[20000], memoryWord[1000], traceWord[1000];
  struct stat about;
  if (count != 3) return 2;
  int file = open(arguments[1], O_RDWR);
  if (file < 0 || fstat(file, &about) != 0) return 2;
  memoryBytes = (uint64_t)about.st_size;
  memory = mmap(NULL, memoryBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  trace = fopen(arguments[2], "a");
  if (memory == MAP_FAILED || trace == NULL) return 2;
  snprintf(memoryWord, sizeof memoryWord, "memory=%s", arguments[1]);
  snprintf(traceWord, sizeof traceWord, "trace=%s", arguments[2]);
  char *words[] = {memoryWord, traceWord};
  if (qemu_plugin_install(1, NULL, 2, words) != 0) return 3;
  while (fgets(line, sizeof line, stdin) != NULL) step(line);
  return 0;
}
