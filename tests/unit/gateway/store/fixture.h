/* A store in a folder of its own, and the few rows most tests begin with. */
#pragma once
#include "fieldline/message.h"
#include "store/cases.h"
#include "store/devices.h"
#include "store/history.h"
#include "store/reader.h"

struct fixture {
    char folder[64], path[96];
    struct store *store;
    struct fault fault;
};
void fixture_open(struct fixture *f);
void fixture_reopen(struct fixture *f); /* as after an orderly stop */
void fixture_close(struct fixture *f);  /* and removes the folder */

void begin(struct fixture *f);
void commit(struct fixture *f);
int64_t add_device(struct fixture *f,
                   const char *device); /* in a transaction of its own; model freezer-v1, serial SN-<device> */
struct reader *open_reader(struct fixture *f);
/* Runs SQL on a connection of its own; the first column of the first row as a number. */
int64_t ask(struct fixture *f, const char *sql);
