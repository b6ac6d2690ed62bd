/* What must hold: five invariants of a state and two of a step. Each answer is a set of violated properties. */
#ifndef BASELINE_PROPERTIES_H
#define BASELINE_PROPERTIES_H

#include "state.h"

enum {
    ELECTION_SAFETY = 1, LOG_MATCHING = 2, LEADER_COMPLETENESS = 4, STATE_MACHINE_SAFETY = 8, COMMIT_IN_LOG = 16,
    LEADER_APPEND_ONLY = 32, TERM_MONOTONE = 64,
};
#ifndef PROPERTIES
#define PROPERTIES 127 /* a test checks one alone */
#endif
static const char *const PROPERTY_NAMES[] = {
    "ElectionSafety", "LogMatching", "LeaderCompleteness", "StateMachineSafety", "CommitInLog", "LeaderAppendOnly",
    "TermMonotone",
};

static inline uint64_t smaller(uint64_t a, uint64_t b) { return a < b ? a : b; }
static inline bool agree_up_to(Server a, Server b, uint64_t index) {
    return ((log_of(a) ^ log_of(b)) & prefix_mask(index)) == 0;
}

/* At most one leader in a term (§5.2). */
static inline bool election_safety(Server a, Server b) {
    return role_of(a) != LEADER || role_of(b) != LEADER || term_of(a) != term_of(b);
}
/* Where two logs have an entry of the same term at an index, they agree up to it (§5.3). */
static inline bool log_matching(Server a, Server b) {
    if (log_of(a) == log_of(b)) return true;
    for (uint64_t k = smaller(length_of(a), length_of(b)); k >= 1; k--)
        if (log_term_of(a, k) == log_term_of(b, k)) return agree_up_to(a, b, k); /* the longest such prefix decides */
    return true;
}
/* No two servers apply different entries at the same index (§5.4.3). */
static inline bool state_machine_safety(Server a, Server b) {
    return agree_up_to(a, b, smaller(commit_of(a), commit_of(b)));
}
/* A leader whose term is at least a server's has every entry that the server has committed (§5.4). */
static inline bool leader_completeness(Server leader, Server other) {
    if (role_of(leader) != LEADER || term_of(leader) < term_of(other)) return true;
    return agree_up_to(leader, other, commit_of(other));
}

static inline int violated_in_state(const State *s) {
    int violated = 0;
    for (int i = 0; i < SERVERS; i++) {
        Server a = s->server[i];
        if (commit_of(a) > length_of(a)) violated |= COMMIT_IN_LOG;
        for (int j = 0; j < i; j++) {
            Server b = s->server[j];
            if (!election_safety(a, b)) violated |= ELECTION_SAFETY;
            if (!log_matching(a, b)) violated |= LOG_MATCHING;
            if (!state_machine_safety(a, b)) violated |= STATE_MACHINE_SAFETY;
            if (!leader_completeness(a, b) || !leader_completeness(b, a)) violated |= LEADER_COMPLETENESS;
        }
    }
    return violated & PROPERTIES;
}

/* A leader only appends to its log (§5.3), and no term falls (§5.1). */
static inline int violated_in_step(Server before, Server after) {
    int violated = term_of(after) < term_of(before) ? TERM_MONOTONE : 0;
    if (role_of(before) == LEADER && !agree_up_to(before, after, length_of(before))) violated |= LEADER_APPEND_ONLY;
    return violated & PROPERTIES;
}
#endif
