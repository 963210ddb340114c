/* The folder of recordings is evidence by itself: beside the transcripts stand the gateway's public sealing key and the
 * certificate of the CA that signed the products', so that a copy of the folder can be verified anywhere. */
#pragma once
#include "settings.h"

/* Writes transcripts/seal.pub and transcripts/ca.crt anew, each whole or not at all. */
FL_CHECK enum result evidence_place(const struct settings *settings, struct fault *fault);
