/* Between the collectors and the packer: lets through what the budget's level allows. While samples are thinned, of
 * each series the lowest, the highest and the last of an interval go on, with their own times; the rest is counted as
 * lost to the budget. Events never come by here. */
#pragma once
#include "day_budget.h"
#include "collect/sink.h"
#include "losses.h"

enum { SIEVE_SERIES_MAX = 2500 }; /* further series pass as they are */

struct sieve;
/* `sink` gets what passes; copied. */
struct sieve *sieve_new(const struct sink *sink, struct losses *losses);
void sieve_free(struct sieve *sieve); /* does not flush */
/* Leaving a level that thins hands on what is held. */
void sieve_set_pace(struct sieve *sieve, const struct budget_pace *pace);
void sieve_sample(struct sieve *sieve, const struct senml_record *record, int64_t mono_ms);
void sieve_log(struct sieve *sieve, const struct log_record *record);
/* Hands on the intervals that are over. Call it every few seconds. */
void sieve_sweep(struct sieve *sieve, int64_t mono_ms);
/* Hands on everything that is held: before a clock step and before the end. */
void sieve_flush(struct sieve *sieve);
