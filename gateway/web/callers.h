/* How many connections each address has open: one that opens them all leaves none for others. Edge thread. */
#pragma once

struct callers;
struct callers *callers_new(void);
void callers_free(struct callers *callers);
int callers_count(const struct callers *callers, const char *address);
void callers_add(struct callers *callers, const char *address);
void callers_remove(struct callers *callers, const char *address); /* one that was added */
