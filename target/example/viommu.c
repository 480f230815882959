/*
 * A small VT-d unit in C that answers requests by standard input and output (docs/target-protocol.md): legacy mode,
 * second-stage tables of three and four levels, pass-through, an invalidation queue, commands by registers, four fault
 * records. It remembers no translation, and remaps no interrupts.
 *
 *   cc -O2 -o viommu viommu.c && ./viommu [--bug N]
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GCMD = 0x18, GSTS = 0x1c, RTADDR = 0x20, CCMD = 0x28, FSTS = 0x34, FECTL = 0x38, IQH = 0x80, IQT = 0x88,
    IQA = 0x90, ICS = 0x9c, IECTL = 0xa0, IQERCD = 0xb0, IVA = 0xf0, IOTLB = 0xf8, FRCD = 0x220, RECORDS = 4,
};
#define TE (1u << 31)
#define SRTP (1u << 30)
#define QIE (1u << 26)
#define IM (1u << 31)
#define IP (1u << 30)
#define PFO 0x01u
#define PPF 0x02u
#define IQE 0x10u
#define ERRORS 0x70u
#define CONDITIONS 0x73u

/*
 * Mistakes that can be planted, one at a time:
 *  1 the fault event is sent for every fault      6 FRI moves on when a record is cleared
 *  2 the source-id of a bridge's bus is cut off   7 a reserved bit of a second-stage leaf is let pass
 *  3 a 2 MiB page loses bits 20:12 of the address 8 a result in the interrupt range is reached
 *  4 the head moves on past a wrong descriptor    9 a fault record has the offset in the page, too
 *  5 the width of addresses is not checked       10 AM beyond MAMV is accepted
 */
static int bug;
#define BUGS 10

static uint64_t ver, cap, ecap, root, iva, queue_base;
static uint32_t queue_bytes, next_record;
static bool last_was_wait, queue_wide;
static uint8_t regs[4096];

/* ---- Guest memory: to 640 KiB, from 1 MiB to 2 GiB, and a GiB above 4 GiB; all zeros at first. ---- */

#define PAGES 0x140000u
static uint8_t *pages[PAGES];
static uint32_t used[PAGES], used_count;

static bool is_there(uint64_t at)
{
    return at < 0xa0000 || (at >= 0x100000 && at < 0x80000000u) || (at >= 0x100000000 && at < 0x140000000);
}

static uint8_t *byte_at(uint64_t at)
{
    static uint8_t nowhere;
    uint64_t page = at >> 12;
    if (!is_there(at)) {
        nowhere = 0;
        return &nowhere;
    }
    if (!pages[page]) {
        pages[page] = calloc(1, 4096);
        used[used_count++] = (uint32_t)page;
    }
    return pages[page] + (at & 4095);
}

static bool read64(uint64_t at, uint64_t *word)
{
    *word = 0;
    if (!is_there(at))
        return false;
    for (int i = 7; i >= 0; i--)
        *word = *word << 8 | *byte_at(at + i);
    return true;
}

/* ---- Registers ---- */

static uint32_t get(int at) { uint32_t v; memcpy(&v, regs + at, 4); return v; }
static void set(int at, uint32_t v) { memcpy(regs + at, &v, 4); }
static uint64_t get64(int at) { uint64_t v; memcpy(&v, regs + at, 8); return v; }
static void set64(int at, uint64_t v) { memcpy(regs + at, &v, 8); }

/* Messages that were sent since the last answer, as the text that goes into it. */
static char messages[8192];

static void send_message(int control)
{
    size_t end = strlen(messages);
    snprintf(messages + end, sizeof messages - end, "%s{\"address\":\"0x%" PRIx64 "\",\"data\":%" PRIu32 "}",
             end ? "," : "", get64(control + 8), get(control + 4));
}

static void raise_event(int control)
{
    if (get(control) & IM)
        set(control, get(control) | IP);
    else
        send_message(control);
}

static void write_control(int control, uint32_t value)
{
    bool pending = get(control) & IP;
    if (value & IM) {
        set(control, get(control) | IM);
        return;
    }
    set(control, 0);
    if (pending)
        send_message(control);
}

static void condition(uint32_t bit)
{
    bool first = !(get(FSTS) & CONDITIONS);
    set(FSTS, get(FSTS) | bit);
    if (first || bug == 1)
        raise_event(FECTL);
}

static void withdraw_if_quiet(void)
{
    if (!(get(FSTS) & CONDITIONS))
        set(FECTL, get(FECTL) & ~IP);
}

/* PPF follows the records; FRI is the one that set it, and 0 with none in use. */
static void follow_records(void)
{
    uint32_t status = get(FSTS) & ~(PPF | 0xff00u);
    for (uint32_t i = 0; i < RECORDS; i++) {
        uint32_t index = (next_record + i) % RECORDS;
        if (!(get(FRCD + 16 * (int)index + 12) >> 31))
            continue;
        status |= PPF | (bug == 6 ? index << 8 : get(FSTS) & 0xff00u);
        break;
    }
    set(FSTS, status);
}

static void record_fault(int reason, uint32_t source, uint64_t address, bool is_read)
{
    int place = FRCD + 16 * (int)next_record;
    if (get(FSTS) & PFO)
        return;
    for (int i = 0; i < RECORDS; i++)
        if (get(FRCD + 16 * i + 12) >> 31 && (get(FRCD + 16 * i + 8) & 0xffff) == source)
            return;
    if (get(place + 12) >> 31) {
        condition(PFO);
        return;
    }
    bool first = !(get(FSTS) & CONDITIONS);
    set64(place, bug == 9 ? address : address & ~0xfffull);
    set(place + 8, source);
    set(place + 12, 1u << 31 | (uint32_t)is_read << 30 | (uint32_t)reason);
    if (!(get(FSTS) & PPF))
        set(FSTS, get(FSTS) | PPF | next_record << 8);
    next_record = (next_record + 1) % RECORDS;
    if (first || bug == 1)
        raise_event(FECTL);
}

/* ---- Translation ---- */

#define WIDTH 48
#define ADDRESS 0xffffffffff000ull
#define BEYOND (~0ull << WIDTH)

/* Returns 0 and where the request goes, or the reason of a fault. */
static int walk(uint64_t table, int levels, uint64_t address, bool is_read, uint64_t *to)
{
    for (int level = levels;; level--) {
        uint64_t entry, below = (1ull << (9 * level + 3)) - 1;
        if (!read64(table + ((address >> (9 * level + 3)) & 511) * 8, &entry))
            return level == levels ? 3 : 7;
        if (!(entry & (is_read ? 1 : 2)))
            return is_read ? 6 : 5;
        bool large = level > 1 && entry & 0x80;
        uint64_t reserved = (BEYOND & ADDRESS) | 1ull << 62;
        if (level > 3)
            reserved |= 0x80;
        else if (large)
            reserved |= below & ~0xfffull;
        if (level > 1 && !large)
            reserved |= 0x800;
        if (bug == 7 && large)
            reserved = 0;
        if (entry & reserved)
            return 0xc;
        if (level > 1 && !large) {
            table = entry & ADDRESS;
            continue;
        }
        if (bug == 3 && level == 2)
            below = 0xfff;
        *to = (entry & ADDRESS & ~below) | (address & below);
        return *to >= 0xfee00000 && *to < 0xfef00000 && bug != 8 ? 0xe : 0;
    }
}

static int translate(uint32_t source, uint64_t address, bool is_read, uint64_t *to, bool *suppressed)
{
    uint64_t low, high, first, second;
    uint64_t entry = root + (bug == 2 ? source >> 8 & 1 : source >> 8) * 16;
    *suppressed = false;
    if (!read64(entry, &low) || !read64(entry + 8, &high))
        return 8;
    if (!(low & 1))
        return 1;
    if (low & (0xffe | BEYOND) || high)
        return 0xa;
    entry = (low & ADDRESS) + (source & 0xff) * 16;
    if (!read64(entry, &first) || !read64(entry + 8, &second))
        return 9;
    *suppressed = first & 2;
    if (!(first & 1))
        return 2;
    if (first & (0xff0 | BEYOND) || second & ~0xffff7full)
        return 0xb;
    int type = first >> 2 & 3, levels = (int)(second & 7) + 2;
    if (type == 1 || type == 3 || levels < 3 || levels > 4)
        return 3;
    int bits = type == 2 || levels == 4 ? WIDTH : 39;
    if (address >> bits && bug != 5)
        return 4;
    *to = address;
    return type == 2 ? 0 : walk(first & ADDRESS, levels, address, is_read, to);
}

/* ---- The invalidation queue. Nothing is remembered, so that descriptors are only looked at. ---- */

static bool queue_error(int reason)
{
    set64(IQERCD, (uint64_t)reason);
    condition(IQE);
    return false;
}

static void wait_descriptor(uint64_t low, uint64_t high)
{
    if (low & 0x20)
        for (int i = 0; i < 4; i++)
            *byte_at((high & ~3ull) + i) = (uint8_t)(low >> (32 + 8 * i));
    if (!(low & 0x10) || get(ICS) & 1)
        return;
    set(ICS, 1);
    raise_event(IECTL);
}

static bool execute(uint64_t low, uint64_t high)
{
    int type = (int)((low & 0xf) | (low >> 5 & 0x70)), granularity = low >> 4 & 3;
    switch (type) {
    case 1:
        if (low & 0xfffc00000000f1c0 || high || !granularity)
            return queue_error(4);
        break;
    case 2:
        if (low & 0xffffffff0000f100 || high & 0xf80 || !granularity)
            return queue_error(4);
        if (granularity == 3 && (high & 0x3f) > 18 && bug != 10)
            return queue_error(4);
        break;
    case 5:
        if (low & 0xfffff180 || high & 3)
            return queue_error(4);
        wait_descriptor(low, high);
        break;
    default:
        return queue_error(3);
    }
    last_was_wait = type == 5;
    return true;
}

static bool step(void)
{
    uint64_t low, high;
    uint32_t head = get(IQH), tail = get(IQT);
    if (tail >= queue_bytes)
        return queue_error(1);
    if (queue_wide)
        return queue_error(tail % 32 ? 6 : 5);
    if (!read64(queue_base + head, &low) || !read64(queue_base + head + 8, &high))
        return queue_error(2);
    bool done = execute(low, high);
    if (done || bug == 4)
        set(IQH, (head + 16) % queue_bytes);
    return done;
}

static void run_queue(void)
{
    while (get(GSTS) & QIE && !(get(FSTS) & ERRORS) && get(IQH) != get(IQT) && step())
        ;
}

/* ---- Writes to registers, 32 bits at a time ---- */

static void command(uint32_t value)
{
    uint32_t turned = value ^ get(GSTS);
    if (value & SRTP) {
        root = get64(RTADDR) & ~0xfffull;
        set(GSTS, get(GSTS) | SRTP);
    }
    if (turned & TE && (get(GSTS) & SRTP || !(value & TE))) {
        set(GSTS, get(GSTS) ^ TE);
        if (!(value & TE))
            next_record = 0;
    }
    if (!(turned & QIE))
        return;
    if (!(value & QIE)) {
        if (get(IQH) != get(IQT) || !last_was_wait)
            return;
        set(GSTS, get(GSTS) & ~QIE);
        set(IQH, 0);
        return;
    }
    queue_base = get64(IQA) & ~0xfffull;
    queue_bytes = 4096u << (get(IQA) & 7);
    queue_wide = get(IQA) & 0x800;
    set(IQH, 0);
    last_was_wait = true;
    set(GSTS, get(GSTS) | QIE);
    run_queue();
}

/* The upper half of CCMD or IOTLB: what was asked for, and what was done. */
static void invalidate_by_register(int at, uint32_t value)
{
    int shift = at == CCMD ? 29 : 28;
    uint32_t granularity = value >> shift & 3, shown = get(at + 4) & 3u << (shift - (at == CCMD ? 2 : 3));
    bool right = !(get(GSTS) & QIE) && granularity;
    if (at == IOTLB && granularity == 3 && (iva & 0x3f) > 18)
        right = false;
    if (value >> 31)
        shown = right ? granularity << (shift - (at == CCMD ? 2 : 3)) : 0;
    set(at + 4, (value & (at == CCMD ? 0x60000000u : 0x3003ffffu)) | shown);
}

static void write32(int at, uint32_t value)
{
    bool queued = get(GSTS) & QIE;
    switch (at) {
    case GCMD: command(value); return;
    case RTADDR: set(at, value & 0xfffff000); return;
    case RTADDR + 4: set(at, value); return;
    case CCMD: set(at, value & 0xffff); return;
    case CCMD + 4: invalidate_by_register(CCMD, value); return;
    case FECTL: case IECTL: write_control(at, value); return;
    case FECTL + 4: case IECTL + 4: set(at, value & 0xffff); return;
    case FECTL + 8: case IECTL + 8: set(at, value & ~3u); return;
    case IVA: iva = (iva & ~0xffffffffull) | (value & 0xfffff07f); return;
    case IVA + 4: iva = (iva & 0xffffffff) | (uint64_t)value << 32; return;
    case IOTLB + 4: invalidate_by_register(IOTLB, value); return;
    case IQA: case IQA + 4:
        if (queued)
            return;
        set(at, at == IQA ? value & 0xfffff807 : value);
        return;
    case IQT:
        set(at, value & 0x7fff0);
        run_queue();
        return;
    case ICS:
        if (value & 1) {
            set(ICS, 0);
            set(IECTL, get(IECTL) & ~IP);
        }
        return;
    case FSTS: {
        bool halted = get(FSTS) & ERRORS;
        set(FSTS, get(FSTS) & ~(value & 0x71));
        withdraw_if_quiet();
        if (halted)
            run_queue();
        return;
    }
    }
    if (at >= FRCD && at < FRCD + 16 * RECORDS && at % 16 == 12 && value >> 31) {
        set(at, get(at) & ~(1u << 31));
        follow_records();
        withdraw_if_quiet();
    }
}

static void reset(void)
{
    while (used_count) {
        uint32_t page = used[--used_count];
        free(pages[page]);
        pages[page] = NULL;
    }
    memset(regs, 0, sizeof regs);
    set(0, (uint32_t)ver);
    set64(8, cap);
    set64(16, ecap);
    set(FECTL, IM);
    set(IECTL, IM);
    root = iva = queue_base = next_record = queue_bytes = 0;
    last_was_wait = queue_wide = false;
}

/* ---- Requests: one flat JSON object a line ---- */

static const char *field(const char *line, const char *name)
{
    char key[40];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(line, key);
    if (!at)
        return "";
    at += strlen(key);
    return *at == '"' ? at + 1 : at;
}

static uint64_t number(const char *line, const char *name) { return strtoull(field(line, name), NULL, 0); }
static bool is(const char *text, const char *word) { return !strncmp(text, word, strlen(word)); }

static int hex_digit(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

/* Bytes of a field to memory, two digits each. */
static void store(const char *digits, uint64_t at)
{
    for (; digits[0] && digits[0] != '"'; digits += 2)
        *byte_at(at++) = (uint8_t)(hex_digit(digits[0]) << 4 | hex_digit(digits[1]));
}

static void print_bytes(uint64_t at, uint64_t length, bool of_registers)
{
    static char text[0x20000 + 1];
    static const char digits[] = "0123456789abcdef";
    for (uint64_t i = 0; i < length; i++) {
        uint8_t byte = of_registers ? regs[at + i] : *byte_at(at + i);
        text[2 * i] = digits[byte >> 4];
        text[2 * i + 1] = digits[byte & 15];
    }
    text[2 * length] = 0;
    printf(",\"bytes\":\"%s\"", text);
}

static void dma(const char *line)
{
    uint64_t address = number(line, "address"), length = number(line, "length"), to = address;
    uint32_t source = (uint32_t)number(line, "source");
    bool is_read = is(field(line, "access"), "read"), suppressed = false;
    int fault = get(GSTS) & TE ? translate(source, address, is_read, &to, &suppressed) : 0;
    if (fault) {
        if (!suppressed)
            record_fault(fault, source, address, is_read);
        printf(",\"fault\":%d,\"suppressed\":%s", fault, suppressed ? "true" : "false");
        return;
    }
    printf(",\"at\":\"0x%" PRIx64 "\"", to);
    if (is_read)
        print_bytes(to, length, false);
    else
        store(field(line, "bytes"), to);
}

static void answer(const char *line)
{
    const char *op = field(line, "op");
    printf("{\"id\":%" PRIu64, number(line, "id"));
    if (is(op, "hello")) {
        printf(",\"name\":\"the example in C\",\"version\":1,\"ver\":\"0x10\"");
        printf(",\"cap\":\"0xd2038c226f0686\",\"ecap\":\"0xfc3\"");
    } else if (is(op, "reset")) {
        ver = number(line, "ver");
        cap = number(line, "cap");
        ecap = number(line, "ecap");
        reset();
    } else if (is(op, "writeRegister")) {
        uint64_t value = number(line, "value");
        int offset = (int)number(line, "offset");
        write32(offset, (uint32_t)value);
        if (number(line, "size") == 8)
            write32(offset + 4, (uint32_t)(value >> 32));
    } else if (is(op, "readRegisters")) {
        print_bytes(number(line, "offset"), number(line, "length"), true);
    } else if (is(op, "writeMemory")) {
        store(field(line, "bytes"), number(line, "address"));
    } else if (is(op, "readMemory")) {
        print_bytes(number(line, "address"), number(line, "length"), false);
    } else if (is(op, "dma")) {
        dma(line);
    } else {
        printf(",\"error\":\"cannot do this\"");
    }
    if (messages[0])
        printf(",\"messages\":[%s]", messages);
    messages[0] = 0;
    printf("}\n");
    fflush(stdout);
}

int main(int count, char **words)
{
    static char line[0x40000];
    char *end = NULL;
    if (count == 3 && !strcmp(words[1], "--bug"))
        bug = (int)strtol(words[2], &end, 10);
    if (count > 1 && (!end || *end || bug < 1 || bug > BUGS)) {
        fprintf(stderr, "usage: %s [--bug N], N from 1 to %d\n", words[0], BUGS);
        return 2;
    }
    reset();
    while (fgets(line, sizeof line, stdin))
        answer(line);
    return 0;
}
