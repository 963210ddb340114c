/* A store filled through the product's own path (journal, open chunks, tiers, trimming), as fast as it goes. */
#pragma once
#include "series.h"
#include "store/history.h"

struct filled {
    char folder[256], path[300];
    struct store *store;
    struct history *history;
    int64_t device;
    int64_t series[64];
};
FL_CHECK bool filled_open(struct filled *filled);
/* Adds the series, oldest samples first, as messages of one device every `message_ms` of its time. */
FL_CHECK bool filled_add(struct filled *filled, const struct series *series, size_t count, int64_t message_ms);
/* Lets the background work end, as it would in an hour; then closes. The file stays. */
FL_CHECK bool filled_settle(struct filled *filled, int64_t now_ms);
int64_t filled_bytes(const struct filled *filled); /* of the file, free pages left out */
void filled_remove(struct filled *filled);
