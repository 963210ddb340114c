/* How a key is made of OpenSSL's own. Private to include/src. */
#pragma once
#include <openssl/evp.h>
#include <string.h>

#include "fieldline/keys.h"

/* Takes pkey, also when it fails (a kind or size that is not accepted). */
FL_CHECK enum result key_take(EVP_PKEY *pkey, struct key **out, struct fault *fault);
