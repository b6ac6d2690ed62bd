/* The published specification (Ongaro's raft.tla, without its history variables), action by action.
 *
 * Every action builds its successor in the next free place of the list and hands it to finish(), which counts it,
 * checks the step, and keeps it where it lies inside the bounds. */
#ifndef BASELINE_RULES_H
#define BASELINE_RULES_H

#include "properties.h"
#include "symmetry.h"
#include "table.h"

#ifndef RESTART
#define RESTART 0
#endif
#ifndef DROP
#define DROP 0
#endif
#ifndef DUPLICATE
#define DUPLICATE 0
#endif
#ifndef BATCH
#define BATCH 256 /* successors that wait for the memory together; 0: one state at a time, nothing fetched ahead */
#endif

/* Rules that a test switches off, to see that the checks can fail. */
enum { NONE, VOTE_ONCE, LOG_UP_TO_DATE, COMMIT_SENT_ONLY_UP_TO_ENTRY, TERM_ONLY_RISES, LEADER_ONLY_APPENDS };
#ifndef BREAK
#define BREAK NONE
#endif

enum {
    BRANCHES = SERVERS * (4 + VALUES + 2 * SERVERS) + 3 * MAX_IN_FLIGHT, /* the most successors that a state has */
    ROOM = BATCH + BRANCHES,
};
typedef struct {
    int size;
    State state[ROOM];
    uint64_t print[ROOM];
    uint8_t orbit[ROOM];
    uint64_t generated;
    int violated;
    Table table;
} Successors;

static inline State *start(Successors *to, const State *s) {
    to->state[to->size] = *s;
    return &to->state[to->size];
}
/* The successor in the next free place is complete; `changed` is a server or -1, `sent` a new message or 0. */
static inline void finish(Successors *to, const State *s, int changed, Message sent) {
    State *t = &to->state[to->size];
    to->generated++;
    if (changed >= 0) to->violated |= violated_in_step(s->server[changed], t->server[changed]);
    if (!inside_bounds(t, changed, sent)) {
        /* Invariants read servers alone, so a step that only sends has the invariants of s. */
        if (changed >= 0) to->violated |= violated_in_state(t);
        return;
    }
    to->orbit[to->size] = SYMMETRY ? (uint8_t)canonical(t) : 1;
    to->print[to->size] = fingerprint(t);
    if (BATCH > 0) prefetch(to->table, to->print[to->size]);
    to->size++;
}
static inline void change(Successors *to, const State *s, int i, Server after) {
    start(to, s)->server[i] = after;
    finish(to, s, i, 0);
}
static inline void change_and_discard(Successors *to, const State *s, int i, Server after, Message m) {
    State *t = start(to, s);
    t->server[i] = after;
    discard(t, m);
    finish(to, s, i, 0);
}
static inline void reply(Successors *to, const State *s, int i, Server after, Message request, Message response) {
    State *t = start(to, s);
    t->server[i] = after;
    discard(t, request);
    send(t, response);
    finish(to, s, i, response);
}
static inline void only_send(Successors *to, const State *s, Message m) {
    send(start(to, s), m);
    finish(to, s, -1, m);
}
static inline void only_discard(Successors *to, const State *s, Message m) {
    discard(start(to, s), m);
    finish(to, s, -1, 0);
}

static inline bool is_quorum(int members) { return 2 * members > SERVERS; }

/* ---- what a server does by itself ---- */
static inline void restart(Successors *to, const State *s, int i) {
    Server a = with_commit(with_role(s->server[i], FOLLOWER), 0);
    change(to, s, i, with_all_indexes(without_votes_counted(a), 1));
}
static inline void timeout(Successors *to, const State *s, int i) {
    Server a = s->server[i];
    if (role_of(a) == LEADER) return;
    a = with_role(with_term(a, term_of(a) + 1), CANDIDATE);
    change(to, s, i, without_votes_counted(without_vote(a)));
}
static inline void request_vote(Successors *to, const State *s, int i, int j) {
    Server a = s->server[i];
    if (role_of(a) != CANDIDATE || has(a, RESPONDED, j)) return;
    uint64_t last = length_of(a);
    only_send(to, s, message(REQUEST_VOTE_REQUEST, i, j, term_of(a)) | (Message)last << M_INDEX |
                         (Message)log_term_of(a, last) << M_LOG_TERM);
}
static inline void become_leader(Successors *to, const State *s, int i) {
    Server a = s->server[i];
    if (role_of(a) != CANDIDATE || !is_quorum(count(a, GRANTED))) return;
    change(to, s, i, with_all_indexes(with_role(a, LEADER), length_of(a) + 1));
}
static inline void client_request(Successors *to, const State *s, int i, int value) {
    Server a = s->server[i];
    if (role_of(a) != LEADER) return;
    if (BREAK == LEADER_ONLY_APPENDS && length_of(a) > 0) a = without_last_entry(a);
    change(to, s, i, with_entry(a, (uint64_t)value << TERM_BITS | term_of(a)));
}
/* Enabled on every leader: where nothing new has a quorum, the step is a self-loop. */
static inline void advance_commit_index(Successors *to, const State *s, int i) {
    Server a = s->server[i];
    if (role_of(a) != LEADER) return;
    uint64_t index = length_of(a);
    for (; index >= 1; index--) {
        int agree = 1;
        for (int j = 0; j < SERVERS; j++) agree += j != i && match_index(a, j) >= index;
        if (is_quorum(agree)) break;
    }
    if (index >= 1 && log_term_of(a, index) == term_of(a)) a = with_commit(a, index);
    change(to, s, i, a);
}
static inline void append_entries(Successors *to, const State *s, int i, int j) {
    Server a = s->server[i];
    if (i == j || role_of(a) != LEADER) return;
    uint64_t next = next_index(a, j), prev = next - 1, last = smaller(length_of(a), next);
    uint64_t entry = next <= last ? entry_of(a, next) : 0;
    uint64_t commit = BREAK == COMMIT_SENT_ONLY_UP_TO_ENTRY ? commit_of(a) : smaller(commit_of(a), last);
    only_send(to, s, message(APPEND_ENTRIES_REQUEST, i, j, term_of(a)) | (Message)prev << M_INDEX |
                         (Message)log_term_of(a, prev) << M_LOG_TERM | (Message)entry << M_ENTRY |
                         (Message)commit << M_COMMIT);
}

/* ---- what a server does with a message: i is its receiver, j its sender ---- */
static inline void update_term(Successors *to, const State *s, Message m, int i) {
    uint64_t term = get(m, M_TERM, TERM_BITS);
    change(to, s, i, without_vote(with_role(with_term(s->server[i], term), FOLLOWER)));
}
static inline void handle_request_vote_request(Successors *to, const State *s, Message m, int i, int j) {
    Server a = s->server[i];
    uint64_t last = length_of(a), last_term = log_term_of(a, last), their_last_term = get(m, M_LOG_TERM, TERM_BITS);
    bool up_to_date = their_last_term > last_term ||
                      (their_last_term == last_term && get(m, M_INDEX, INDEX_BITS) >= last) || BREAK == LOG_UP_TO_DATE;
    bool free_to_vote = without_vote(a) == a || has(a, VOTED, j) || BREAK == VOTE_ONCE;
    bool grant = get(m, M_TERM, TERM_BITS) == term_of(a) && up_to_date && free_to_vote;
    Message response = message(REQUEST_VOTE_RESPONSE, i, j, term_of(a)) | (Message)grant << M_YES;
    reply(to, s, i, grant ? with(without_vote(a), VOTED, j) : a, m, response);
}
/* The vote is counted in any role. */
static inline void handle_request_vote_response(Successors *to, const State *s, Message m, int i, int j) {
    Server a = with(s->server[i], RESPONDED, j);
    change_and_discard(to, s, i, get(m, M_YES, 1) ? with(a, GRANTED, j) : a, m);
}
static inline void handle_append_entries_request(Successors *to, const State *s, Message m, int i, int j) {
    Server a = s->server[i];
    uint64_t prev = get(m, M_INDEX, INDEX_BITS), index = prev + 1, entry = get(m, M_ENTRY, ENTRY_BITS);
    bool stale = get(m, M_TERM, TERM_BITS) < term_of(a);
    bool log_ok = prev == 0 || (prev <= length_of(a) && get(m, M_LOG_TERM, TERM_BITS) == log_term_of(a, prev));
    Message response = message(APPEND_ENTRIES_RESPONSE, i, j, term_of(a));
    if (stale || (role_of(a) == FOLLOWER && !log_ok)) {
        reply(to, s, i, a, m, response);
    } else if (role_of(a) == CANDIDATE) { /* the message stays in flight */
        change(to, s, i, with_role(a, FOLLOWER));
    } else if (role_of(a) == FOLLOWER) {
        if (entry == 0 || (length_of(a) >= index && log_term_of(a, index) == term_of_entry(entry))) {
            uint64_t matched = entry == 0 ? prev : index;
            response |= (Message)matched << M_INDEX | (Message)1 << M_YES;
            reply(to, s, i, with_commit(a, get(m, M_COMMIT, INDEX_BITS)), m, response);
        } else if (length_of(a) >= index) { /* a conflict: the last entry goes */
            change(to, s, i, without_last_entry(a));
        } else if (length_of(a) == prev) {
            change(to, s, i, with_entry(a, entry));
        }
    }
}
static inline void handle_append_entries_response(Successors *to, const State *s, Message m, int i, int j) {
    Server a = s->server[i];
    uint64_t next = next_index(a, j), match = get(m, M_INDEX, INDEX_BITS);
    a = get(m, M_YES, 1) ? with_match_index(with_next_index(a, j, match + 1), j, match)
                         : with_next_index(a, j, next > 1 ? next - 1 : 1);
    change_and_discard(to, s, i, a, m);
}
static inline void receive(Successors *to, const State *s, Message m) {
    int i = (int)get(m, M_DEST, SERVER_BITS), j = (int)get(m, M_SOURCE, SERVER_BITS);
    uint64_t kind = get(m, M_KIND, 3), term = get(m, M_TERM, TERM_BITS), own = term_of(s->server[i]);
    bool is_response = kind == REQUEST_VOTE_RESPONSE || kind == APPEND_ENTRIES_RESPONSE;
    if (term > own || (BREAK == TERM_ONLY_RISES && term != own)) update_term(to, s, m, i);
    else if (is_response && term < own) only_discard(to, s, m);
    else if (kind == REQUEST_VOTE_REQUEST) handle_request_vote_request(to, s, m, i, j);
    else if (kind == REQUEST_VOTE_RESPONSE) handle_request_vote_response(to, s, m, i, j);
    else if (kind == APPEND_ENTRIES_REQUEST) handle_append_entries_request(to, s, m, i, j);
    else handle_append_entries_response(to, s, m, i, j);
}

static void add_successors(Successors *to, const State *s) {
    for (int i = 0; i < SERVERS; i++) {
        timeout(to, s, i);
        become_leader(to, s, i);
        advance_commit_index(to, s, i);
        if (RESTART) restart(to, s, i);
        for (int value = 0; value < VALUES; value++) client_request(to, s, i, value);
        for (int j = 0; j < SERVERS; j++) request_vote(to, s, i, j);
        for (int j = 0; j < SERVERS; j++) append_entries(to, s, i, j);
    }
    for (int k = 0; k < MAX_IN_FLIGHT && s->message[k] != 0; k++) {
        Message m = s->message[k];
        if (k > 0 && m == s->message[k - 1]) continue; /* one step for each distinct message */
        receive(to, s, m);
        if (DROP) only_discard(to, s, m);
        if (DUPLICATE) only_send(to, s, m);
    }
}
#endif
