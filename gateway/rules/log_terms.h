/* The terms of the language that read log lines and events instead of metrics. Private to the compiler. */
#pragma once
#include "rules/parser.h"

/* A name before '(' that is one of ours: compiles the call. false: it is not. */
bool parser_log_term(struct parser *p, struct token name, uint16_t *out);
