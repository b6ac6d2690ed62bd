/* One state of the cluster in a few 64-bit words, and how to read and write its parts.
 *
 * The bounds are fixed when the program is compiled, so that every access is a shift and a mask by a constant.
 * A server is one word. Everything a server says about another server stands in that server's lane:
 *
 *     high                                                                           low
 *     | log: entry n … entry 1 | term | role | length | commit | lane n-1 | … | lane 0 |
 *     lane j of server i:  | match_index[j] | next_index[j] | j granted | j responded | i voted for j |
 *
 * so a renaming of servers moves lanes and words and looks at nothing else. An entry is | value | term |, and 0 is no
 * entry: terms start at 1. A message is 32 bits, 0 is no message. The bag is a descending sequence of messages; a
 * message in flight twice stands there twice. Terms, logs and the bag have room for one more than the bounds allow,
 * because a successor outside the bounds is built and checked before it is left out. */
#ifndef BASELINE_STATE_H
#define BASELINE_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifndef SERVERS
#define SERVERS 3
#endif
#ifndef VALUES
#define VALUES 1
#endif
#ifndef MAX_TERM
#define MAX_TERM 2
#endif
#ifndef MAX_LOG
#define MAX_LOG 1
#endif
#ifndef MAX_IN_FLIGHT
#define MAX_IN_FLIGHT 1
#endif
#ifndef MAX_COPIES
#define MAX_COPIES 1
#endif

#define BITS(n) ((n) < 2 ? 1 : (n) < 4 ? 2 : (n) < 8 ? 3 : (n) < 16 ? 4 : 5)
#define ONES(bits) ((UINT64_C(1) << (bits)) - 1)

enum {
    TERM_BITS = BITS(MAX_TERM + 1),
    INDEX_BITS = BITS(MAX_LOG + 1),
    VALUE_BITS = VALUES == 1 ? 0 : BITS(VALUES - 1),
    ENTRY_BITS = TERM_BITS + VALUE_BITS,
    SERVER_BITS = BITS(SERVERS - 1),

    VOTED = 0, RESPONDED = 1, GRANTED = 2, NEXT = 3, MATCH = NEXT + INDEX_BITS,
    LANE_BITS = MATCH + INDEX_BITS,
    COMMIT = SERVERS * LANE_BITS,
    LENGTH = COMMIT + INDEX_BITS,
    ROLE = LENGTH + INDEX_BITS,
    TERM = ROLE + 2,
    LOG = TERM + TERM_BITS,
    SERVER_WORD_BITS = LOG + (MAX_LOG + 1) * ENTRY_BITS,

    M_KIND = 0, M_SOURCE = 3, M_DEST = M_SOURCE + SERVER_BITS,
    M_TERM = M_DEST + SERVER_BITS,
    M_INDEX = M_TERM + TERM_BITS,         /* last_log_index, prev_log_index or match_index */
    M_LOG_TERM = M_INDEX + INDEX_BITS,    /* last_log_term or prev_log_term */
    M_ENTRY = M_LOG_TERM + TERM_BITS,
    M_COMMIT = M_ENTRY + ENTRY_BITS,
    M_YES = M_COMMIT + INDEX_BITS,        /* vote_granted or success */
    MESSAGE_BITS = M_YES + 1,

    SLOTS = (MAX_IN_FLIGHT + 2) & ~1,     /* one more than the bound, rounded up to whole words */
    WORDS = SERVERS + SLOTS / 2,
};
_Static_assert(SERVERS >= 1 && SERVERS <= 5, "1 to 5 servers");
_Static_assert(VALUES >= 1 && MAX_TERM >= 1 && MAX_LOG >= 1, "no bound below 1");
_Static_assert(MAX_IN_FLIGHT >= 1 && MAX_COPIES >= 1, "no bound below 1");
_Static_assert(MAX_TERM <= 30 && MAX_LOG <= 30, "terms and indexes have at most five bits");
_Static_assert(SERVER_WORD_BITS <= 64, "a server does not fit into 64 bits: lower the bounds");
_Static_assert(MESSAGE_BITS <= 32, "a message does not fit into 32 bits: lower the bounds");

enum { FOLLOWER = 0, CANDIDATE = 1, LEADER = 2 };
enum { REQUEST_VOTE_REQUEST = 1, REQUEST_VOTE_RESPONSE, APPEND_ENTRIES_REQUEST, APPEND_ENTRIES_RESPONSE };

typedef struct {
    uint64_t server[SERVERS];
    uint32_t message[SLOTS];
} State;
_Static_assert(sizeof(State) == 8 * WORDS, "a state is whole words without padding");

typedef uint64_t Server;
typedef uint32_t Message;

static inline uint64_t get(uint64_t word, int at, int bits) { return word >> at & ONES(bits); }
static inline uint64_t set(uint64_t word, int at, int bits, uint64_t value) {
    return (word & ~(ONES(bits) << at)) | value << at;
}

/* ---- a server ---- */
static inline uint64_t term_of(Server a) { return get(a, TERM, TERM_BITS); }
static inline uint64_t role_of(Server a) { return get(a, ROLE, 2); }
static inline uint64_t commit_of(Server a) { return get(a, COMMIT, INDEX_BITS); }
static inline uint64_t length_of(Server a) { return get(a, LENGTH, INDEX_BITS); }
static inline uint64_t log_of(Server a) { return a >> LOG; }
static inline uint64_t entry_of(Server a, uint64_t index) {
    return log_of(a) >> (index - 1) * ENTRY_BITS & ONES(ENTRY_BITS);
}
static inline uint64_t term_of_entry(uint64_t entry) { return entry & ONES(TERM_BITS); }
static inline uint64_t log_term_of(Server a, uint64_t index) { return index ? term_of_entry(entry_of(a, index)) : 0; }
static inline uint64_t prefix_mask(uint64_t length) { return ONES(length * ENTRY_BITS); }

static inline Server with_term(Server a, uint64_t term) { return set(a, TERM, TERM_BITS, term); }
static inline Server with_role(Server a, uint64_t role) { return set(a, ROLE, 2, role); }
static inline Server with_commit(Server a, uint64_t index) { return set(a, COMMIT, INDEX_BITS, index); }
static inline Server with_entry(Server a, uint64_t entry) {
    uint64_t length = length_of(a);
    return set(a, LENGTH, INDEX_BITS, length + 1) | entry << (LOG + length * ENTRY_BITS);
}
static inline Server without_last_entry(Server a) {
    uint64_t length = length_of(a) - 1;
    return set(set(a, LENGTH, INDEX_BITS, length), LOG + (int)length * ENTRY_BITS, ENTRY_BITS, 0);
}

/* ---- the lane of another server ---- */
static inline uint64_t every_lane(uint64_t lane) {
    uint64_t word = 0;
    for (int j = 0; j < SERVERS; j++) word |= lane << j * LANE_BITS;
    return word;
}
#define BIT(field) (UINT64_C(1) << (field))
#define INDEXES (ONES(INDEX_BITS) << NEXT | ONES(INDEX_BITS) << MATCH)

static inline bool has(Server a, int field, int j) { return a >> (j * LANE_BITS + field) & 1; }
static inline Server with(Server a, int field, int j) { return a | BIT(j * LANE_BITS + field); }
static inline int count(Server a, int field) { return __builtin_popcountll(a & every_lane(BIT(field))); }
static inline uint64_t next_index(Server a, int j) { return get(a, j * LANE_BITS + NEXT, INDEX_BITS); }
static inline uint64_t match_index(Server a, int j) { return get(a, j * LANE_BITS + MATCH, INDEX_BITS); }
static inline Server with_next_index(Server a, int j, uint64_t index) {
    return set(a, j * LANE_BITS + NEXT, INDEX_BITS, index);
}
static inline Server with_match_index(Server a, int j, uint64_t index) {
    return set(a, j * LANE_BITS + MATCH, INDEX_BITS, index);
}
static inline Server without_vote(Server a) { return a & ~every_lane(BIT(VOTED)); }
static inline Server without_votes_counted(Server a) { return a & ~every_lane(BIT(RESPONDED) | BIT(GRANTED)); }
static inline Server with_all_indexes(Server a, uint64_t next) { /* every match_index becomes 0 */
    return (a & ~every_lane(INDEXES)) | every_lane(next << NEXT);
}

/* ---- the bag of messages ---- */
static inline Message message(int kind, int source, int dest, uint64_t term) {
    return (Message)(kind | source << M_SOURCE | dest << M_DEST | term << M_TERM);
}
static inline bool has_copies_above_bound(const State *s, Message m) {
    int copies = 0;
    for (int k = 0; k < SLOTS; k++) copies += s->message[k] == m;
    return copies > MAX_COPIES;
}
static inline void send(State *s, Message m) {
    for (int k = 0; k <= MAX_IN_FLIGHT; k++) { /* the smaller of each pair moves on */
        Message here = s->message[k];
        s->message[k] = here > m ? here : m;
        m = here > m ? m : here;
    }
}
static inline void discard(State *s, Message m) {
    int k = 0;
    while (s->message[k] != m) k++;
    for (; k < MAX_IN_FLIGHT; k++) s->message[k] = s->message[k + 1];
    s->message[MAX_IN_FLIGHT] = 0;
}

/* ---- whole states ---- */
static inline State initial_state(void) {
    State s;
    memset(&s, 0, sizeof s);
    for (int i = 0; i < SERVERS; i++) s.server[i] = with_all_indexes(with_term(0, 1), 1);
    return s;
}
static inline bool inside_bounds(const State *s, int changed, Message sent) {
    if (s->message[MAX_IN_FLIGHT] != 0) return false;
    if (MAX_COPIES < MAX_IN_FLIGHT && sent != 0 && has_copies_above_bound(s, sent)) return false;
    return changed < 0 || (term_of(s->server[changed]) <= MAX_TERM && length_of(s->server[changed]) <= MAX_LOG);
}

static inline uint64_t multiply_and_fold(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}
static inline uint64_t fingerprint(const State *s) {
    static const uint64_t salt[] = {
        0xa0761d6478bd642f, 0xe7037ed1a0b428db, 0x8ebc6af09c88c6e3, 0x589965cc75374cc3, 0x1d8e4e27c47d124f,
        0xeb44accab455d165, 0x9fb21c651e98df25, 0xd6e8feb86659fd93, 0x94d049bb133111eb, 0xbf58476d1ce4e5b9,
    };
    uint64_t word[WORDS + 1] = {0}, h = WORDS;
    memcpy(word, s, sizeof *s);
    for (int k = 0; k < WORDS; k += 2)
        h = multiply_and_fold(word[k] ^ salt[k % 10], word[k + 1] ^ salt[k % 10 + 1] ^ h);
    h = multiply_and_fold(h ^ salt[4], salt[5]);
    return h != 0 ? h : 1; /* 0 marks an empty slot of the table */
}
#endif
