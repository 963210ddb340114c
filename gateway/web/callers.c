/* A hash of the addresses that have a connection now, so it is bounded by the connections themselves. Addresses count
 * one by one: half a provider's customers may share an IPv4 address, and a network of IPv6 addresses is one caller only
 * to those who know how long its prefix is. libwebsockets has limits for each peer, but not in Debian's build. */
#include "web/callers.h"

#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "fieldline/bytes.h"

struct caller {
    char address[46];
    int count;
    UT_hash_handle hh;
};
struct callers {
    struct caller *first;
};

struct callers *callers_new(void) {
    return mem_alloc(sizeof(struct callers));
}

void callers_free(struct callers *callers) {
    struct caller *caller, *next;
    if (callers == NULL) {
        return;
    }
    HASH_ITER(hh, callers->first, caller, next) {
        HASH_DEL(callers->first, caller);
        free(caller);
    }
    free(callers);
}

static struct caller *find(const struct callers *callers, const char *address) {
    struct caller *caller = NULL;
    HASH_FIND_STR(callers->first, address, caller);
    return caller;
}

int callers_count(const struct callers *callers, const char *address) {
    const struct caller *caller = find(callers, address);
    return caller == NULL ? 0 : caller->count;
}

void callers_add(struct callers *callers, const char *address) {
    struct caller *caller = find(callers, address);
    if (caller == NULL) {
        caller = mem_alloc(sizeof *caller);
        snprintf(caller->address, sizeof caller->address, "%s", address);
        HASH_ADD_STR(callers->first, address, caller);
    }
    caller->count++;
}

void callers_remove(struct callers *callers, const char *address) {
    struct caller *caller = find(callers, address);
    if (caller != NULL && --caller->count == 0) {
        HASH_DEL(callers->first, caller);
        free(caller);
    }
}
