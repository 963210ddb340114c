/* The insides of the agent, shared by agent.c (which connects its parts) and agent_watch.c (which looks after them). */
#pragma once
#include "agent.h"
#include "birth.h"
#include "collect/collectors.h"
#include "commands.h"
#include "day_budget.h"
#include "launcher.h"
#include "losses.h"
#include "packer.h"
#include "param_guard.h"
#include "pulls.h"
#include "sieve.h"
#include "uplink.h"

struct agent {
    const struct agent_config *config;
    char boot[CAP_UUID_BYTES + 1];
    int64_t start_mono_ms;
    struct loop *loop;
    struct wall wall;
    struct spool *spool;
    struct uplink *uplink;
    struct packer *packer;
    struct budget *budget;
    struct losses *losses;
    struct sieve *sieve;
    const struct budget_pace *pace; /* that was applied */
    struct birth *birth;
    struct commands *commands;
    struct recorder *recorder; /* NULL: evidence is off */
    struct pulls *pulls;
    struct launcher *launcher;
    struct param_guard *param_guard;
    struct collectors *collectors;
    struct loop_timer status_timer, metrics_timer, birth_timer, watchdog_timer;
    struct buf text;    /* one payload or line at a time */
    bool birth_is_old;  /* it does not say all there is */
    uint64_t birth_seq; /* of the last one, in birth_stream; 0: none */
    char birth_stream[CAP_UUID_BYTES + 1];
    bool is_in_memory; /* the disk could not be written when the agent started */
    bool was_disk_well;
    bool is_stopping;
};

/* What is done every few seconds from now on: adapting to the budget and to the disk, telling how the agent is. */
void agent_watch_begin(struct agent *agent);
void agent_watch_end(struct agent *agent);
void agent_write_status(struct agent *agent);
void agent_write_metrics(struct agent *agent);
