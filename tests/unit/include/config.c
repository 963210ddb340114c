/* Configuration files: what is read, and how every mistake is named with its line. */
#include "fieldline/config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings {
    char *host, *user;
    int64_t port, keepalive_ms, spool_bytes;
    bool is_quiet;
    double ratio;
    char named[200];
};
#define ROW(section, key, type, field, initial, min, max, required)                                                    \
    { section, key, type, offsetof(struct settings, field), initial, min, max, required, "help of " key }
static const struct config_row ROWS[] = {
    ROW("broker", "host", CONFIG_STRING, host, NULL, 0, 0, true),
    ROW("broker", "port", CONFIG_INTEGER, port, "8883", 1, 65535, false),
    ROW("broker", "user", CONFIG_STRING, user, NULL, 0, 8, false),
    ROW("broker", "keepalive", CONFIG_DURATION, keepalive_ms, "30s", 1000, 3600000, false),
    ROW("spool", "size", CONFIG_SIZE, spool_bytes, "64MiB", 65536, INT64_MAX, false),
    ROW("spool", "quiet", CONFIG_BOOL, is_quiet, "no", 0, 0, false),
    ROW("spool", "ratio", CONFIG_REAL, ratio, "0.5", 0, 1, false),
};

static enum result on_named(void *into, const char *kind, const char *name, const char *key, const char *value,
                            struct fault *fault) {
    struct settings *s = into;
    if (strcmp(kind, "diagnostic") != 0)
        return fault_set(fault, RESULT_BAD_INPUT, "unknown kind '%s'", kind);
    snprintf(s->named + strlen(s->named), sizeof s->named - strlen(s->named), "%s.%s=%s;", name, key, value);
    return RESULT_OK;
}
static const struct config_schema SCHEMA = {ROWS, sizeof ROWS / sizeof ROWS[0], on_named};
static const struct config_schema PLAIN = {ROWS, sizeof ROWS / sizeof ROWS[0], NULL};

static enum result read_text(const struct config_schema *schema, const char *text, struct settings *s,
                             struct buf *problems) {
    memset(s, 0, sizeof *s);
    buf_reset(problems);
    return config_read_text(schema, "test.conf", text, s, problems);
}

static struct buf problems;
static void set_up(void) {
    buf_init(&problems, 65536);
}
static void tear_down(void) {
    buf_fini(&problems);
}
TestSuite(config, .init = set_up, .fini = tear_down);

Test(config, defaults_stand_where_nothing_is_given) {
    struct settings s;
    cr_assert_eq(read_text(&SCHEMA, "[broker]\nhost = gw.example\n", &s, &problems), RESULT_OK, "%s",
                 buf_text(&problems));
    cr_expect_str_eq(s.host, "gw.example");
    cr_expect_null(s.user);
    cr_expect(s.port == 8883 && s.keepalive_ms == 30000 && s.spool_bytes == 64 << 20 && !s.is_quiet && s.ratio == 0.5);
    config_free_strings(&SCHEMA, &s);
    cr_expect_null(s.host);
    config_free_strings(&SCHEMA, &s);
}

Test(config, every_type_is_read) {
    struct settings s;
    const char *text =
        "\xef\xbb\xbf# comment\r\n[broker]\r\nhost: gw ; a comment\n; another\n  port = 1883\nkeepalive=1m30s\nuser = "
        "\n[spool]\nsize = 64KiB\n"
        "quiet=on\nratio = 0.25\n[diagnostic disk]\ncommand = df -h\ntimeout=5s\n[diagnostic  net]\ncommand=ip a";
    cr_assert_eq(read_text(&SCHEMA, text, &s, &problems), RESULT_OK, "%s", buf_text(&problems));
    cr_expect_str_eq(s.host, "gw");
    cr_expect_str_eq(s.user, "");
    cr_expect(s.port == 1883 && s.keepalive_ms == 90000 && s.spool_bytes == 65536 && s.is_quiet && s.ratio == 0.25);
    cr_expect_str_eq(s.named, "disk.command=df -h;disk.timeout=5s;net.command=ip a;");
    config_free_strings(&SCHEMA, &s);
}

Test(config, mistakes_are_named_with_their_line) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"[broker]\n", "test.conf:1: [broker] host is required\n"},
        {"", "test.conf:0: [broker] host is required\n"},
        {"[broker]\nhost=a\nhots=b\n",
         "test.conf:3: [broker] has no key 'hots'; it has: host, port, user, keepalive\n"},
        {"[broker]\nhost=a\n[brokr]\nx=1\n", "test.conf:4: unknown section [brokr]\n"},
        {"x=1\n[broker]\nhost=a\n", "test.conf:1: unknown section []\n"},
        {"[broker]\nhost=a\n\nhost=b\n", "test.conf:4: [broker] host is given twice\n"},
        {"[broker]\nhost=a\n[spool]\nquiet=no\n[broker]\nhost=b\n", "test.conf:6: [broker] host is given twice\n"},
        {"[broker]\nhost=a\nport=http\n", "test.conf:3: [broker] port: 'http' is wrong, expected a whole number\n"},
        {"[broker]\nhost=a\nport=0\n", "port: '0' is out of bounds, expected 1 to 65535\n"},
        {"[broker]\nhost=a\nport=65536\n", "port: '65536' is out of bounds"},
        {"[broker]\nhost=a\nport=\n", "port: '' is wrong"},
        {"[broker]\nhost=a\nkeepalive=30\n", "keepalive: '30' is wrong, expected a duration"},
        {"[broker]\nhost=a\nkeepalive=2h\n", "keepalive: '2h' is out of bounds, expected 1s to 1h\n"},
        {"[broker]\nhost=a\nkeepalive=0\n", "out of bounds"},
        {"[broker]\nhost=a\nuser=toolongname\n", "user: 'toolongname' is out of bounds, expected 0 to 8 bytes\n"},
        {"[broker]\nhost=a\n[spool]\nsize=1\n", "size: '1' is out of bounds, expected 64KiB or more\n"},
        {"[broker]\nhost=a\n[spool]\nsize=1MB\n", "size: '1MB' is wrong, expected a size"},
        {"[broker]\nhost=a\n[spool]\nquiet=maybe\n", "quiet: 'maybe' is wrong, expected yes or no"},
        {"[broker]\nhost=a\n[spool]\nratio=1.5\n", "ratio: '1.5' is out of bounds, expected 0 to 1\n"},
        {"[broker]\nhost=a\n[spool]\nratio=nan\n", "ratio: 'nan' is wrong"},
        {"[broker]\nhost=a\nnonsense\n", "test.conf:3: neither [section], nor key = value"},
        {"[broker\nhost=a\n", "test.conf:1: neither"},
        {"[broker]\nhost=\xff\n", "test.conf:2: the line is not valid UTF-8\n"},
        {"[broker]\nhost=a\n[diagnostic disk]\na=1\na=2\n", "test.conf:5: [diagnostic disk] a is given twice\n"},
        {"[broker]\nhost=a\n[diagnostic ]\na=1\n", "test.conf:4: unknown section [diagnostic ]\n"},
        {"[broker]\nhost=a\n[ disk]\na=1\n", "test.conf:4: unknown section [ disk]\n"},
        {"[broker]\nhost=a\n[alarm disk]\na=1\n", "test.conf:4: [alarm disk] a: unknown kind 'alarm'\n"},
        {"[broker]\nhost=a\n[diagnostic disk-of-a-name-that-is-longer-than-inih-can-keep]\na=1\n",
         "test.conf:3: the section's name has more than 49"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct settings s;
        cr_expect_eq(read_text(&SCHEMA, rows[i].text, &s, &problems), RESULT_BAD_INPUT, "%s", rows[i].text);
        cr_expect(strstr(buf_text(&problems), rows[i].says) != NULL, "'%s': '%s'", rows[i].text, buf_text(&problems));
        cr_expect(!s.host && !s.user, "strings stayed behind");
    }
}

Test(config, all_mistakes_are_collected_in_one_run) {
    struct settings s;
    cr_expect_eq(read_text(&PLAIN, "[broker]\nport=x\nkeepalive=y\nz=1\n[diagnostic disk]\na=1\n", &s, &problems),
                 RESULT_BAD_INPUT);
    size_t lines = 0;
    for (const char *c = buf_text(&problems); *c; c++)
        lines += *c == '\n';
    cr_expect_eq(lines, 5u, "%s", buf_text(&problems));
    cr_expect(strstr(buf_text(&problems), "unknown section [diagnostic disk]") != NULL);
}

Test(config, long_lines_are_read_up_to_their_limit) {
    char text[6000];
    struct settings s;
    snprintf(text, sizeof text, "[broker]\nhost=%0*d\nport=1\n", 4000, 7);
    cr_expect_eq(read_text(&SCHEMA, text, &s, &problems), RESULT_OK, "%s", buf_text(&problems));
    cr_expect_eq(strlen(s.host), 4000u);
    config_free_strings(&SCHEMA, &s);
    snprintf(text, sizeof text, "[broker]\nhost=%0*d\nport=x\n", 4100, 7);
    cr_expect_eq(read_text(&SCHEMA, text, &s, &problems), RESULT_BAD_INPUT);
    cr_expect(strstr(buf_text(&problems), "test.conf:2: the line has more than 4094 characters\n") != NULL, "%s",
              buf_text(&problems));
    cr_expect(strstr(buf_text(&problems), "test.conf:3: [broker] port") != NULL, "the count of lines goes on: %s",
              buf_text(&problems));
}

Test(config, files_are_read_or_the_reason_is_said) {
    char path[] = "/tmp/fieldline-config-XXXXXX";
    int fd = mkstemp(path);
    struct settings s = {0};
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, "[broker]\nhost=a\n", 16), 16);
    cr_expect_eq(config_read(&SCHEMA, path, &s, &problems), RESULT_OK, "%s", buf_text(&problems));
    cr_expect_str_eq(s.host, "a");
    config_free_strings(&SCHEMA, &s);
    cr_assert_eq(write(fd, "x\0y", 3), 3);
    cr_expect_eq(config_read(&SCHEMA, path, &s, &problems), RESULT_BAD_INPUT);
    cr_expect(strstr(buf_text(&problems), "NUL") != NULL);
    close(fd);
    unlink(path);
    buf_reset(&problems);
    cr_expect_eq(config_read(&SCHEMA, path, &s, &problems), RESULT_NOT_FOUND);
    cr_expect(strstr(buf_text(&problems), "No such file") != NULL, "%s", buf_text(&problems));
    cr_expect_eq(config_read(&SCHEMA, "/tmp", &s, &problems), RESULT_IO);
}

Test(config, the_reference_names_every_key_and_is_itself_valid) {
    struct buf out;
    buf_init(&out, 65536);
    config_print_reference(&SCHEMA, &out);
    cr_expect(strstr(buf_text(&out), "\n[broker]\n# help of host\n# text; required\n#host = \n") != NULL, "%s",
              buf_text(&out));
    cr_expect(strstr(buf_text(&out), "# a duration such as 250ms, 10s, 5m or 1h30m, 1s to 1h\n#keepalive = 30s\n") !=
                  NULL,
              "%s", buf_text(&out));
    cr_expect(strstr(buf_text(&out), "64KiB or more\n#size = 64MiB\n") != NULL, "%s", buf_text(&out));
    struct settings s;
    cr_expect_eq(read_text(&SCHEMA, buf_text(&out), &s, &problems), RESULT_BAD_INPUT);
    cr_expect(strstr(buf_text(&problems), "host is required\n") && strchr(buf_text(&problems), '\n')[1] == 0,
              "only that is missing: %s", buf_text(&problems));
    buf_fini(&out);
}

Test(config, a_wrong_default_is_our_own_mistake_and_is_said) {
    static const struct config_row wrong[] = {ROW("a", "b", CONFIG_INTEGER, port, "x", 0, 0, false)};
    static const struct config_schema schema = {wrong, 1, NULL};
    struct settings s;
    cr_expect_eq(read_text(&schema, "", &s, &problems), RESULT_BAD_INPUT);
    cr_expect(strstr(buf_text(&problems), "its default is wrong") != NULL);
}
