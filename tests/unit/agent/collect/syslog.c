/* The syslog decoder: both RFCs, what programs really send, and rubbish. */
#include "collect/syslog.h"

#include <criterion/criterion.h>
#include <string.h>

#define NOW 1795309549000LL

Test(syslog, forms) {
    static const struct {
        const char *datagram;
        int facility, severity;
        const char *app, *text;
        int64_t event_ms;
    } rows[] = {
        /* RFC 5424, its own examples first */
        {"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \xef\xbb\xbf'su root' failed", 4, 2, "su",
         "'su root' failed", 1065910455003},
        {"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time", 20, 5, "myproc",
         "%% It's time", 1061727255000},
        {"<165>1 2003-10-11T22:14:15.003Z h evntslog - ID47 [ex@32473 iut=\"3\" s=\"a\\\"]b\"][x@1 y=\"z\"] BOM here",
         20, 5, "evntslog", "[ex@32473 iut=\"3\" s=\"a\\\"]b\"][x@1 y=\"z\"] BOM here", 1065910455003},
        {"<14>1 - - - - - -", 1, 6, "", "", NOW},
        {"<14>1 - h app - - - no time is now", 1, 6, "app", "no time is now", NOW},
        {"<14>1 2003-10-11T22:14:15+05:30 h a - - - m", 1, 6, "a", "m", 1065890655000},
        /* RFC 3164 as libc and others send it */
        {"<13>Oct 11 22:14:15 mymachine su: 'su root' failed", 1, 5, "su", "'su root' failed", NOW},
        {"<13>Oct  1 22:14:15 su[230]: no host", 1, 5, "su", "no host", NOW},
        {"<0>kernel: oops", 0, 0, "kernel", "oops", NOW},
        {"<191>app: x", 23, 7, "app", "x", NOW},
        {"<13>Oct 11 22:14:15 host just words here", 1, 5, "", "host just words here", NOW},
        {"<13>Oct 11 22:14:15 app[1]: a\n", 1, 5, "app", "a", NOW},
        /* anything else is text */
        {"plain words", 1, 5, "", "plain words", NOW},
        {"tag: text", 1, 5, "tag", "text", NOW},
        {"a\tb: tabs", 1, 5, "a b", "tabs", NOW},
        {"http://host/path", 1, 5, "", "http://host/path", NOW},
        {"<192>too high", 1, 5, "", "<192>too high", NOW},
        {"<>x", 1, 5, "", "<>x", NOW},
        {"<13", 1, 5, "", "<13", NOW},
        {"<-1>x", 1, 5, "", "<-1>x", NOW},
        {"<14>1 2003-13-11T22:14:15Z h a - - - m", 1, 6, "", "1 2003-13-11T22:14:15Z h a - - - m", NOW},
        {"<14>1 2003-10-11 22:14:15Z h a - - - m", 1, 6, "", "1 2003-10-11 22:14:15Z h a - - - m", NOW},
        {"<14>1 - h a - - [open x", 1, 6, "", "1 - h a - - [open x", NOW},
        {"<14>2 - h a - - - m", 1, 6, "", "2 - h a - - - m", NOW},
        {"<14>\x1b[31mred\x01", 1, 6, "", "\xe2\x90\x9b[31mred\xe2\x90\x81", NOW},
        {"<14>bad \xff\xc3(", 1, 6, "", "bad \xef\xbf\xbd\xef\xbf\xbd(", NOW},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct log_record r;
        cr_assert(syslog_decode(rows[i].datagram, strlen(rows[i].datagram), NOW, &r), "%s", rows[i].datagram);
        cr_expect_eq(r.facility, rows[i].facility, "%s", rows[i].datagram);
        cr_expect_eq(r.severity, rows[i].severity, "%s", rows[i].datagram);
        cr_expect_str_eq(r.app, rows[i].app, "%s: app '%s'", rows[i].datagram, r.app);
        cr_expect_str_eq(r.text, rows[i].text, "%s: text '%s'", rows[i].datagram, r.text);
        cr_expect_eq(r.event_ms, rows[i].event_ms, "%s: %lld", rows[i].datagram, (long long)r.event_ms);
        cr_expect_not(r.is_cut);
    }
}

Test(syslog, nothing_in_it) {
    struct log_record r;
    static const char *const rows[] = {"", "\n", "\r\n", "  ", "\n \n"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_not(syslog_decode(rows[i], strlen(rows[i]), NOW, &r), "row %zu", i);
    }
    cr_expect_not(syslog_decode("\0\0", 2, NOW, &r));
}

Test(syslog, long_ones_are_cut_at_a_character) {
    static char line[3 * CAP_LOG_TEXT_BYTES];
    struct log_record r;
    memset(line, 'x', sizeof line);
    memcpy(line + CAP_LOG_TEXT_BYTES - 1, "\xe5\x86\xb0", 3);
    cr_assert(syslog_decode(line, sizeof line, NOW, &r));
    cr_expect(r.is_cut);
    cr_expect_eq(strlen(r.text), CAP_LOG_TEXT_BYTES - 1, "the character does not fit whole");
    memset(line, 'a', 100);
    memcpy(line + 100, ": x", 4);
    cr_assert(syslog_decode(line, 103, NOW, &r));
    cr_expect(r.is_cut);
    cr_expect_eq(strlen(r.app), CAP_LOG_APP_BYTES);
}
