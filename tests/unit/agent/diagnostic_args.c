/* Typed arguments of diagnostics: what can be declared, and which values become arguments. */
#include "diagnostic_args.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "argv.h"

#define ALL "host:hostname, count:int(1..10)=3, iface:choice(eth0|wlan0|--all), tag:word=x, note:text(20)=."

Test(diagnostic_args, what_can_be_declared) {
    struct diagnostic_args args;
    struct fault fault = {""};
    cr_assert_eq(diagnostic_args_parse("host:hostname, count:int(-5..10)=3,iface:choice(eth0|wlan0) , n:text(9)=a b",
                                       &args, &fault),
                 RESULT_OK, "%s", fault.text);
    cr_assert_eq(args.count, 4);
    cr_expect_str_eq(args.rows[0].name, "host");
    cr_expect_null(args.rows[0].initial);
    cr_expect_eq(args.rows[1].least, -5);
    cr_expect_str_eq(args.rows[1].initial, "3");
    cr_expect_str_eq(args.rows[2].choices[1], "wlan0");
    cr_expect_str_eq(args.rows[3].initial, "a b");
    cr_expect_not(diagnostic_args_are_optional(&args));
    diagnostic_args_fini(&args);
    cr_assert_eq(diagnostic_args_parse("", &args, &fault), RESULT_OK);
    cr_expect(diagnostic_args_are_optional(&args));
    diagnostic_args_fini(&args);
}

Test(diagnostic_args, what_cannot) {
    static const struct {
        const char *text, *says;
    } rows[] = {{"host", "NAME:TYPE"},
                {"Host:hostname", "NAME:TYPE"},
                {"1st:hostname", "NAME:TYPE"},
                {":hostname", "NAME:TYPE"},
                {"host:", "none of"},
                {"host:path", "none of"},
                {"host:hostname(1)", "declared as hostname"},
                {"n:int", "declared as int(A..B)"},
                {"n:int(1)", "declared as int(A..B)"},
                {"n:int(2..1)", "declared as int(A..B)"},
                {"n:int(1..x)", "declared as int(A..B)"},
                {"n:int(1..2", "left open"},
                {"c:choice()", "declared as choice"},
                {"c:choice(a||b)", "declared as choice"},
                {"t:text(0)", "declared as text"},
                {"t:text(999)", "declared as text"},
                {"n:int(1..2)=3", "default of 'n'"},
                {"h:hostname=-x", "default of 'h'"},
                {"a:word, a:word", "declared twice"},
                {"a:word b:word", "expected a comma"},
                {"a:word,", "expected a comma"},
                {"a:word,b:word,c:word,d:word,e:word,f:word,g:word,h:word,i:word", "more than 8"},
                {"a:word\n", "control characters"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct diagnostic_args args;
        struct fault fault = {""};
        cr_expect_neq(diagnostic_args_parse(rows[i].text, &args, &fault), RESULT_OK, "%s", rows[i].text);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "%s: %s", rows[i].text, fault.text);
        diagnostic_args_fini(&args);
    }
}

Test(diagnostic_args, command_and_declaration_fit) {
    static const struct {
        const char *args, *command, *says; /* NULL: they do */
    } rows[] = {{"", "/bin/df -h", NULL},
                {"", "/usr/bin/awk {print}", "not declared"},
                {"", "/usr/bin/awk '{print $1}'", NULL},
                {"host:hostname", "/bin/ping {host}", NULL},
                {"host:hostname", "/bin/ping -c 1 {host} {host}", NULL},
                {"host:hostname", "/bin/ping", "has no {host}"},
                {"host:hostname", "/bin/ping {hots}", "{hots} is not declared"},
                {"host:hostname", "/bin/ping --to={host}", "an argument of its own"},
                {"host:hostname", "/bin/ping x{host}y {host}", "an argument of its own"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct diagnostic_args args;
        struct fault fault = {""};
        char **argv;
        cr_assert_eq(diagnostic_args_parse(rows[i].args, &args, &fault), RESULT_OK, "%s", fault.text);
        cr_assert_eq(argv_split(rows[i].command, &argv, &fault), RESULT_OK, "%s", fault.text);
        enum result result = diagnostic_args_check(&args, argv, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].says == NULL, "%s: %s", rows[i].command, fault.text);
        cr_expect(rows[i].says == NULL || strstr(fault.text, rows[i].says) != NULL, "%s: %s", rows[i].command,
                  fault.text);
        argv_free(argv);
        diagnostic_args_fini(&args);
    }
}

/* The arguments as one text, or what the refusal says. */
static void bind(const char *json, char *out, size_t room) {
    struct diagnostic_args args;
    struct fault fault = {""};
    struct json *values = NULL;
    char **argv, **bound;
    cr_assert_eq(diagnostic_args_parse(ALL, &args, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(argv_split("/bin/x -c {count} {host} {iface} {tag} {note} '{ other }'", &argv, &fault), RESULT_OK);
    cr_assert_eq(json_parse(json, strlen(json), &values, &fault), RESULT_OK, "%s: %s", json, fault.text);
    out[0] = '\0';
    if (diagnostic_args_bind(&args, argv, values, &bound, &fault) != RESULT_OK) {
        snprintf(out, room, "no: %s", fault.text);
    } else {
        for (size_t i = 0; bound[i] != NULL; i++) {
            snprintf(out + strlen(out), room - strlen(out), "%s%s", i > 0 ? "," : "", bound[i]);
        }
        argv_free(bound);
    }
    json_free(values);
    argv_free(argv);
    diagnostic_args_fini(&args);
}

Test(diagnostic_args, values_become_whole_arguments) {
    static const struct {
        const char *json, *says;
    } rows[] = {
        {"{\"host\":\"a.example\",\"iface\":\"eth0\"}", "/bin/x,-c,3,a.example,eth0,x,.,{ other }"},
        {"{\"host\":\"10.0.0.1\",\"iface\":\"--all\",\"count\":10}", "/bin/x,-c,10,10.0.0.1,--all,x,.,{ other }"},
        {"{\"host\":\"fe80::1\",\"iface\":\"eth0\",\"count\":\"1\",\"note\":\"a b; rm -rf $HOME\"}",
         "/bin/x,-c,1,fe80::1,eth0,x,a b; rm -rf $HOME,{ other }"},
        {"{\"host\":\"{count}\",\"iface\":\"eth0\"}", "no: the argument 'host' is not a host"},
        {"{\"iface\":\"eth0\"}", "no: the argument 'host' is missing"},
        {"{\"host\":\"-f\",\"iface\":\"eth0\"}", "no: the argument 'host' is not a host"},
        {"{\"host\":\"a..b\",\"iface\":\"eth0\"}", "no: the argument 'host'"},
        {"{\"host\":\"a b\",\"iface\":\"eth0\"}", "no: the argument 'host'"},
        {"{\"host\":\"\",\"iface\":\"eth0\"}", "no: the argument 'host'"},
        {"{\"host\":\"a\",\"iface\":\"eth1\"}", "no: the argument 'iface' is not one of its choices"},
        {"{\"host\":\"a\",\"iface\":\"eth0\",\"count\":0}", "no: the argument 'count' is not a whole number"},
        {"{\"host\":\"a\",\"iface\":\"eth0\",\"count\":11}", "no: the argument 'count'"},
        {"{\"host\":\"a\",\"iface\":\"eth0\",\"count\":1.5}", "no: 'count'"},
        {"{\"host\":\"a\",\"iface\":\"eth0\",\"count\":\"1 2\"}", "no: the argument 'count'"},
        {"{\"host\":\"a\",\"iface\":\"eth0\",\"count\":true}", "no: the argument 'count' is neither"},
        {"{\"host\":[\"a\"],\"iface\":\"eth0\"}", "no: the argument 'host' is neither"},
        {"{\"host\":\"a\",\"iface\":\"eth0\",\"tag\":\"-x\"}", "no: the argument 'tag'"},
        {"{\"host\":\"a\",\"iface\":\"eth0\",\"tag\":\"a;b\"}", "no: the argument 'tag'"},
        {"{\"host\":\"a\",\"iface\":\"eth0\",\"note\":\"-x\"}", "no: the argument 'note'"},
        {"{\"host\":\"a\",\"iface\":\"eth0\",\"note\":\"a\\nb\"}", "no: the argument 'note'"},
        {"{\"host\":\"a\",\"iface\":\"eth0\",\"note\":\"123456789012345678901\"}", "no: the argument 'note'"},
        {"{\"host\":\"a\",\"iface\":\"eth0\",\"more\":1}", "no: this diagnostic has no argument 'more'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1024];
        bind(rows[i].json, text, sizeof text);
        cr_expect_eq(strncmp(text, rows[i].says, strlen(rows[i].says)), 0, "%s -> %s", rows[i].json, text);
    }
}
