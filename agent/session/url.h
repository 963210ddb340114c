/* wss://HOST[:PORT]/PATH: where the gateway waits for products. */
#pragma once
#include "fieldline/result.h"

struct url {
    char host[256]; /* a name, an IPv4 address, or an IPv6 address without its brackets */
    bool is_address;
    int port; /* 443 unless given */
    char path[256];
};
/* Refuses every other scheme: a session never goes over anything but TLS. */
FL_CHECK enum result url_parse(const char *text, struct url *out, struct fault *fault);
