/* What is allowed in a pack's rules and probably not meant: hints of `rules check`. */
#pragma once
#include "rules/document.h"
#include "rules/pack.h"

/* Appends "path:line: hint: alert X: ..." lines. `doc` is the pack's alerts.yaml. Returns how many. */
size_t pack_lint(const struct pack *pack, const struct document *doc, const char *path, struct buf *report);
