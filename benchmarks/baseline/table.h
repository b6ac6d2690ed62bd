/* The set of fingerprints: open addressing, linear probing, insertion by compare-and-swap, no locks.
 *
 * A fingerprint's place is its high bits, so the table is almost sorted, and a table of twice the size is filled
 * from front to back: growing reads and writes memory in order. */
#ifndef BASELINE_TABLE_H
#define BASELINE_TABLE_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

typedef struct {
    _Atomic uint64_t *slot;
    int bits;
} Table;

static inline size_t size_of(Table table) { return (size_t)1 << table.bits; }
static inline size_t place_of(Table table, uint64_t print) { return print >> (64 - table.bits); }
static inline void prefetch(Table table, uint64_t print) {
    __builtin_prefetch((void *)&table.slot[place_of(table, print)], 1);
}

static Table new_table(int bits) {
    size_t bytes = sizeof(uint64_t) << bits;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        fprintf(stderr, "figure2: no memory for a table of 2^%d fingerprints\n", bits);
        exit(3);
    }
#ifdef MADV_HUGEPAGE
    madvise(memory, bytes, MADV_HUGEPAGE); /* fewer misses of the address translation; a wish, so no check */
#endif
    return (Table){memory, bits};
}
static void free_table(Table table) { munmap((void *)table.slot, sizeof(uint64_t) << table.bits); }

/* True where the fingerprint was not there before. Exactly one of several threads is told so. */
static inline bool insert(Table table, uint64_t print) {
    size_t last = size_of(table) - 1;
    for (size_t place = place_of(table, print);; place = (place + 1) & last) {
        uint64_t found = atomic_load_explicit(&table.slot[place], memory_order_relaxed);
        if (found == print) return false;
        if (found == 0) {
            if (atomic_compare_exchange_strong_explicit(&table.slot[place], &found, print, memory_order_relaxed,
                                                        memory_order_relaxed))
                return true;
            if (found == print) return false;
        }
    }
}
static inline void copy_slice(Table from, Table to, int part, int parts) {
    size_t size = size_of(from);
    for (size_t k = size / parts * part, end = part == parts - 1 ? size : size / parts * (part + 1); k < end; k++) {
        uint64_t print = atomic_load_explicit(&from.slot[k], memory_order_relaxed);
        if (print != 0) insert(to, print);
    }
}
#endif
