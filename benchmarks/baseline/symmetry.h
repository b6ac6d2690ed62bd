/* The canonical form of a state under renaming of servers: exact, the same for every state of an orbit.
 *
 * Each server gets a key that no renaming changes. Servers stand in the order of their keys; only servers with equal
 * keys are tried in every order, and the least state wins. A poor key costs time, never a wrong answer. The number of
 * orders that give the least state is the number of renamings that leave it alone, so the orbit has
 * SERVERS! / that number of states. */
#ifndef BASELINE_SYMMETRY_H
#define BASELINE_SYMMETRY_H

#include "state.h"

#ifndef SYMMETRY
#define SYMMETRY 0
#endif

enum { FACTORIAL = SERVERS == 1 ? 1 : SERVERS == 2 ? 2 : SERVERS == 3 ? 6 : SERVERS == 4 ? 24 : 120 };

/* orders[ties]: the orders to try, where bit p of ties says that the servers at places p and p + 1 have equal keys. */
static struct {
    int size;
    uint8_t order[FACTORIAL][SERVERS];
} orders[1 << (SERVERS - 1)];

static void add_orders(int ties, uint8_t *order, int place) {
    if (place == SERVERS) {
        memcpy(orders[ties].order[orders[ties].size++], order, SERVERS);
        return;
    }
    int low = place, high = place; /* the places that are tied with this one */
    while (low > 0 && ties >> (low - 1) & 1) low--;
    while (high < SERVERS - 1 && ties >> high & 1) high++;
    for (int candidate = low; candidate <= high; candidate++) {
        bool used = false;
        for (int p = low; p < place; p++) used |= order[p] == candidate;
        if (used) continue;
        order[place] = (uint8_t)candidate;
        add_orders(ties, order, place + 1);
    }
}
static void prepare_symmetry(void) {
    uint8_t order[SERVERS];
    for (int ties = 0; ties < 1 << (SERVERS - 1); ties++) add_orders(ties, order, 0);
}

static inline uint64_t key_of(Server a, int i) {
    uint64_t key = (a >> COMMIT) * 0x9fb21c651e98df25;
    for (int j = 0; j < SERVERS; j++) {
        uint64_t lane = get(a, j * LANE_BITS, LANE_BITS);
        /* A sum of a number and its square tells most multisets of lanes apart. */
        key += j == i ? lane * 0xd6e8feb86659fd93 : lane * (0xa0761d6478bd642f + lane * 0xe7037ed1a0b428db);
    }
    return key;
}
static inline Message renamed(Message m, const uint8_t *new_name) {
    Message labels = (Message)(ONES(SERVER_BITS) << M_SOURCE | ONES(SERVER_BITS) << M_DEST);
    return (m & ~labels) | (Message)new_name[get(m, M_SOURCE, SERVER_BITS)] << M_SOURCE |
           (Message)new_name[get(m, M_DEST, SERVER_BITS)] << M_DEST;
}
static inline void rename_servers(const State *s, const uint8_t *at, State *t) {
    uint8_t new_name[1 << SERVER_BITS];
    for (int p = 0; p < SERVERS; p++) new_name[at[p]] = (uint8_t)p;
    for (int p = 0; p < SERVERS; p++) {
        Server old = s->server[at[p]], new = old >> COMMIT << COMMIT;
        for (int q = 0; q < SERVERS; q++) new |= get(old, at[q] * LANE_BITS, LANE_BITS) << q * LANE_BITS;
        t->server[p] = new;
    }
    memset(t->message, 0, sizeof t->message);
    for (int k = 0; k < MAX_IN_FLIGHT && s->message[k] != 0; k++) send(t, renamed(s->message[k], new_name));
}

/* Replaces s, which lies inside the bounds, by the least state of its orbit; returns the size of the orbit. */
static inline int canonical(State *s) {
    uint64_t key[SERVERS];
    uint8_t sorted[SERVERS], at[SERVERS];
    for (int i = 0; i < SERVERS; i++) key[i] = key_of(s->server[i], i);
    for (int k = 0; k < MAX_IN_FLIGHT && s->message[k] != 0; k++) {
        Message m = s->message[k];
        uint64_t content = get(m, M_KIND, M_SOURCE) | (uint64_t)m >> M_TERM << M_SOURCE;
        key[get(m, M_SOURCE, SERVER_BITS)] += content * 0x8ebc6af09c88c6e3;
        key[get(m, M_DEST, SERVER_BITS)] += content * 0x589965cc75374cc3;
    }
    for (int i = 0; i < SERVERS; i++) {
        int p = i;
        for (; p > 0 && key[sorted[p - 1]] > key[i]; p--) sorted[p] = sorted[p - 1];
        sorted[p] = (uint8_t)i;
    }
    int ties = 0;
    for (int p = 0; p + 1 < SERVERS; p++) ties |= (key[sorted[p]] == key[sorted[p + 1]]) << p;

    State best, other;
    rename_servers(s, sorted, &best);
    int same = 1;
    for (int x = 1; x < orders[ties].size; x++) { /* the first order is `sorted` itself */
        for (int p = 0; p < SERVERS; p++) at[p] = sorted[orders[ties].order[x][p]];
        rename_servers(s, at, &other);
        int difference = memcmp(&other, &best, sizeof best);
        if (difference == 0) same++;
        if (difference < 0) {
            best = other;
            same = 1;
        }
    }
    *s = best;
    return FACTORIAL / same;
}
#endif
