/* What `check` asks about the PEM files of the configuration. */
#pragma once
#include "fieldline/result.h"

/* The file holds at least one certificate, and the first is valid now. */
FL_CHECK enum result certificate_check(const char *path, struct fault *fault);
/* The private key is the one of the certificate, and nobody but its owner and group can read it. */
FL_CHECK enum result certificate_check_key(const char *cert_path, const char *key_path, struct fault *fault);
