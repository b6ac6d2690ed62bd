/* A breadth-first search of Raft as published, written by hand: the opponent of the compiled search.
 *
 *     cc -O3 -march=native -pthread -DMAX_TERM=3 … -o figure2 figure2.c && ./figure2 [WORKERS [TABLE_BITS]]
 *
 * The bounds, the faults and the symmetry are fixed by -D (names and defaults: state.h, rules.h, symmetry.h); build.py
 * compiles, runs and reads it. It answers with one line of JSON. The words are those of the documentation: *generated*
 * counts the initial state and every successor, self-loops and successors outside the bounds included; *distinct*
 * counts states inside the bounds, up to symmetry if that is on; the initial state has *depth* 1.
 *
 * The search goes level by level. Workers take blocks of states from the level, build the successors of some states
 * together, so that the memory has fetched the slots of the table when they are looked up, and write what is new into
 * blocks of the next level. Where the table is full enough, all workers pause in the middle of a level, copy it
 * together into one of twice the size, and go on. */
#define _GNU_SOURCE
#include <pthread.h>
#include <time.h>

#include "rules.h"

enum { BLOCK = 1024, MAX_WORKERS = 64 };

typedef struct Block {
    struct Block *next;
    int size;
    State state[BLOCK];
} Block;

typedef struct {
    int id;
    Block *source, *target; /* being read, being written */
    int position;           /* of the first state of `source` that waits */
    Block *first, *last;    /* what this worker found of the next level; `last` is `target` */
    Block *unused;
    uint64_t distinct, unreduced; /* `unreduced` sums the sizes of orbits */
    Successors successors;
} Worker;

static struct {
    int workers;
    Table table, larger;
    _Atomic(Block *) level;
    _Atomic uint64_t distinct;
    _Atomic bool full;
    bool finished;
    int depth, violated;
    pthread_barrier_t barrier;
    Worker *worker[MAX_WORKERS];
} search;

static void fail(const char *sentence) {
    fprintf(stderr, "figure2: %s\n", sentence);
    exit(3);
}
static Block *new_block(Worker *w) {
    Block *block = w->unused;
    if (block != NULL) w->unused = block->next;
    else if ((block = malloc(sizeof *block)) == NULL) fail("no memory for the frontier");
    block->next = NULL;
    block->size = 0;
    return block;
}
static Block *take_block(void) { /* while a level is expanded its blocks are only taken, so no block comes back */
    Block *block = atomic_load(&search.level);
    while (block != NULL && !atomic_compare_exchange_weak(&search.level, &block, block->next)) {}
    return block;
}
static void keep(Worker *w, const State *s) {
    if (w->target == NULL || w->target->size == BLOCK) {
        Block *block = new_block(w);
        if (w->last != NULL) w->last->next = block;
        else w->first = block;
        w->target = w->last = block;
    }
    w->target->state[w->target->size++] = *s;
}

static void insert_successors(Worker *w) {
    Successors *found = &w->successors;
    uint64_t before = w->distinct;
    for (int k = 0; k < found->size; k++) {
        if (!insert(search.table, found->print[k])) continue;
        found->violated |= violated_in_state(&found->state[k]);
        keep(w, &found->state[k]);
        w->distinct++;
        w->unreduced += found->orbit[k];
    }
    found->size = 0;
    uint64_t all = atomic_fetch_add(&search.distinct, w->distinct - before) + w->distinct - before;
    if (all + (uint64_t)search.workers * ROOM > size_of(search.table) / 100 * 65) atomic_store(&search.full, true);
}
static void expand(Worker *w) {
    w->successors.table = search.table;
    while (!atomic_load_explicit(&search.full, memory_order_relaxed)) {
        if (w->source == NULL) {
            if ((w->source = take_block()) == NULL) return;
            w->position = 0;
        }
        while (w->position < w->source->size && w->successors.size + BRANCHES <= ROOM)
            add_successors(&w->successors, &w->source->state[w->position++]);
        insert_successors(w);
        if (w->position == w->source->size) {
            w->source->next = w->unused;
            w->unused = w->source;
            w->source = NULL;
        }
    }
}
static void end_level(void) {
    Block *level = NULL;
    for (int x = 0; x < search.workers; x++) {
        Worker *w = search.worker[x];
        search.violated |= w->successors.violated;
        if (w->first != NULL) {
            w->last->next = level;
            level = w->first;
        }
        w->first = w->last = w->target = NULL;
    }
    atomic_store(&search.level, level);
    search.finished = level == NULL || search.violated;
    search.depth += level != NULL || search.violated != 0; /* a violating state may lie outside the bounds */
}
static void *work(void *worker) {
    Worker *w = worker;
    while (!search.finished) {
        expand(w);
        pthread_barrier_wait(&search.barrier);
        if (atomic_load(&search.full)) {
            if (w->id == 0) search.larger = new_table(search.table.bits + 1);
            pthread_barrier_wait(&search.barrier);
            copy_slice(search.table, search.larger, w->id, search.workers);
            pthread_barrier_wait(&search.barrier);
            if (w->id == 0) {
                free_table(search.table);
                search.table = search.larger;
                atomic_store(&search.full, false);
            }
        } else if (w->id == 0) {
            end_level();
        }
        pthread_barrier_wait(&search.barrier);
    }
    return NULL;
}

static void begin(int workers, int table_bits) {
    prepare_symmetry();
    search.workers = workers;
    search.table = new_table(table_bits);
    pthread_barrier_init(&search.barrier, NULL, (unsigned)workers);
    for (int x = 0; x < workers; x++) {
        search.worker[x] = calloc(1, sizeof(Worker));
        if (search.worker[x] == NULL) fail("no memory for a worker");
        search.worker[x]->id = x;
    }
    Worker *w = search.worker[0];
    State s = initial_state();
    search.violated = violated_in_state(&s);
    w->unreduced = SYMMETRY ? (uint64_t)canonical(&s) : 1;
    insert(search.table, fingerprint(&s));
    keep(w, &s);
    w->distinct = 1;
    w->successors.generated = 1;
    search.distinct = 1;
    end_level();
}
static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
/* The kernel's high-water mark of this program alone; getrusage would include whoever started it. */
static uintmax_t peak_memory_bytes(void) {
    uintmax_t kilobytes = 0;
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (sscanf(line, "VmHWM: %ju", &kilobytes) == 1) break;
    if (status != NULL) fclose(status);
    return kilobytes * 1024;
}
static void answer(double wall, double cpu) {
    uint64_t generated = 0, distinct = 0, unreduced = 0;
    for (int x = 0; x < search.workers; x++) {
        generated += search.worker[x]->successors.generated;
        distinct += search.worker[x]->distinct;
        unreduced += search.worker[x]->unreduced;
    }
    printf("{\"verdict\": \"%s\", \"violated\": [", search.violated ? "violated" : "holds");
    const char *comma = "";
    for (int p = 0; p < 7; p++)
        if (search.violated >> p & 1) {
            printf("%s\"%s\"", comma, PROPERTY_NAMES[p]);
            comma = ", ";
        }
    printf("], \"generated\": %ju, \"distinct\": %ju, \"unreduced\": %ju, \"depth\": %d, \"workers\": %d, "
           "\"seconds\": %.4f, \"cpu_seconds\": %.4f, \"distinct_per_cpu_second\": %.0f, \"table_slots\": %zu, "
           "\"state_bytes\": %zu, \"peak_memory_bytes\": %ju}\n",
           (uintmax_t)generated, (uintmax_t)distinct, (uintmax_t)unreduced, search.depth, search.workers, wall, cpu,
           (double)distinct / cpu, size_of(search.table), sizeof(State), peak_memory_bytes());
}
static int number(const char *text, int low, int high) {
    char *end;
    long n = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || n < low || n > high) {
        fprintf(stderr, "figure2: %s is not a number from %d to %d; usage: figure2 [WORKERS [TABLE_BITS]]\n", text,
                low, high);
        exit(2);
    }
    return (int)n;
}
int main(int count_of_arguments, char **argument) {
    int workers = count_of_arguments > 1 ? number(argument[1], 1, MAX_WORKERS) : 1;
    int table_bits = count_of_arguments > 2 ? number(argument[2], 16, 40) : 20;
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    begin(workers, table_bits);
    pthread_t thread[MAX_WORKERS];
    for (int x = 1; x < workers; x++)
        if (pthread_create(&thread[x], NULL, work, search.worker[x]) != 0) fail("no thread for a worker");
    work(search.worker[0]);
    for (int x = 1; x < workers; x++) pthread_join(thread[x], NULL);
    answer(seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    return search.violated ? 1 : 0;
}
