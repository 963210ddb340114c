/* Which origins are ours. */
#include "web/origin.h"

#include <criterion/criterion.h>

static const struct {
    const char *what;
    struct origin_facts facts;
    bool change, socket;
} rows[] = {
    {"our own page", {"localhost:8443", "https://localhost:8443", "same-origin"}, true, true},
    {"host in another case", {"Gateway.Example", "https://gateway.example", NULL}, true, true},
    {"default port said once", {"gateway.example:443", "https://gateway.example", NULL}, true, true},
    {"a program without a browser", {"localhost:8443", NULL, NULL}, true, false},
    {"same origin by Sec-Fetch-Site alone", {"localhost", NULL, "same-origin"}, true, false},
    {"another site", {"localhost:8443", "https://evil.example", "cross-site"}, false, false},
    {"another port", {"localhost:8443", "https://localhost:8444", NULL}, false, false},
    {"plain HTTP", {"localhost:8443", "http://localhost:8443", NULL}, false, false},
    {"ours is only a prefix", {"gateway.example", "https://gateway.example.evil.example", NULL}, false, false},
    {"ours is only a suffix", {"example", "https://evil.example", NULL}, false, false},
    {"sandboxed frame", {"localhost:8443", "null", NULL}, false, false},
    {"two origins, joined", {"localhost", "https://localhost https://localhost", NULL}, false, false},
    {"empty origin", {"localhost", "", NULL}, false, false},
    {"no host", {NULL, "https://localhost", NULL}, false, false},
    {"a sibling host by Sec-Fetch-Site", {"localhost", NULL, "same-site"}, false, false},
    {"another site by Sec-Fetch-Site", {"localhost", NULL, "cross-site"}, false, false},
    {"unknown Sec-Fetch-Site", {"localhost", NULL, "?"}, false, false},
};

Test(origin, rows) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault = {""};
        bool change = origin_check_change(&rows[i].facts, &fault) == RESULT_OK;
        cr_expect_eq(change, rows[i].change, "change: %s", rows[i].what);
        cr_expect_eq(change, fault.text[0] == '\0', "%s: %s", rows[i].what, fault.text);
        cr_expect_eq(origin_check_socket(&rows[i].facts, &fault) == RESULT_OK, rows[i].socket, "socket: %s",
                     rows[i].what);
    }
}
