/* The agent's configuration: what a file must say, and how each mistake is named. */
#include "agent_config.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOOD                                                                                                           \
    "[agent]\nmodel = vaccine-freezer\n"                                                                               \
    "[broker]\nhost = broker.example\nca = /c/ca.pem\ncert = /c/d.pem\nkey = /c/d.key\n"

static enum result read_text(const char *text, struct agent_config *config, struct buf *problems) {
    buf_init(problems, 64 * 1024);
    return agent_config_read_text("a.conf", text, config, problems);
}

Test(agent_config, the_least_file_and_its_defaults) {
    struct agent_config c;
    struct buf problems;
    cr_assert_eq(read_text(GOOD, &c, &problems), RESULT_OK, "%s", buf_text(&problems));
    cr_expect_str_eq(c.model, "vaccine-freezer");
    cr_expect_str_eq(c.serial, "");
    cr_expect_str_eq(c.data_dir, "/var/lib/fieldline-agent");
    cr_expect_eq(c.broker_port, 8883);
    cr_expect_eq(c.qos, 0);
    cr_expect_eq(c.keep_alive_ms, 60000);
    cr_expect_eq(c.spool_bytes, 64 * 1024 * 1024);
    cr_expect_eq(c.log_level, LOG_LEVEL_INFO);
    cr_expect_null(c.statsd_socket);
    cr_expect_eq(c.statsd_port, 0, "nothing listens unless asked");
    cr_expect_not(c.host_enabled);
    cr_expect_str_eq(c.host_mounts[0], "/");
    cr_expect_null(c.host_mounts[1]);
    cr_expect_not(c.session_enabled, "sessions are off");
    cr_expect_eq(c.session_capabilities, 0, "and allow nothing");
    cr_expect_eq(c.consent, CONSENT_DENY, "and nobody is asked");
    cr_expect_str_eq(c.session_gateway_ca, "/c/ca.pem");
    cr_expect_not_null(strstr(c.session_program, "fieldline-session"));
    cr_expect_str_eq(c.session_shell[0], "/bin/sh");
    cr_expect_null(c.device);
    agent_config_fini(&c);
    buf_fini(&problems);
}

Test(agent_config, everything) {
    struct agent_config c;
    struct buf problems;
    static const char text[] =
        GOOD "port = 18883\nqos = 1\nkeep_alive = 30s\n[spool]\nbytes = 2MiB\nsync = 250ms\n"
             "[statsd]\nsocket = /run/s.sock\nport = 8125\nflush = 1s\n[syslog]\nport = 5140\n"
             "[host]\nenabled = yes\ninterval = 5s\nmounts = / /var \"/media/my disk\"\n"
             "[tail app]\nfile = /var/log/app.log\nseverity = 3\n[tail other]\nfile = /o\napp = x\n"
             "[diagnostic disk]\ncommand = /bin/df -h \"/a b\"\ntitle = Disks\ntime_limit = 5s\n"
             "[diagnostic mem]\ncommand = /bin/free\n"
             "[session]\nenabled = yes\ncapabilities = observe,diagnose,shell\nconsent = hook\nconsent_hook = /h\n"
             "wait = 30s\nmax_duration = 20m\nshell = /bin/bash -l\nshell_user = service\n";
    cr_assert_eq(read_text(text, &c, &problems), RESULT_OK, "%s", buf_text(&problems));
    cr_expect(c.broker_port == 18883 && c.qos == 1 && c.keep_alive_ms == 30000 && c.spool_sync_ms == 250);
    cr_expect(c.statsd_port == 8125 && c.syslog_port == 5140 && c.statsd_flush_ms == 1000);
    cr_expect_str_eq(c.host_mounts[2], "/media/my disk");
    cr_expect_str_eq(c.tails->app, "app", "named like its section");
    cr_expect_eq(c.tails->severity, 3);
    cr_expect_str_eq(c.tails->next->app, "x");
    cr_expect_eq(c.tails->next->severity, 6);
    cr_expect_null(c.tails->next->next);
    cr_expect_str_eq(c.diagnostics->argv[2], "/a b");
    cr_expect_str_eq(c.diagnostics->title, "Disks");
    cr_expect_eq(c.diagnostics->time_limit_ms, 5000);
    cr_expect_str_eq(c.diagnostics->next->title, "mem");
    cr_expect_eq(c.session_capabilities, CAPABILITY_BIT(CAPABILITY_OBSERVE) | CAPABILITY_BIT(CAPABILITY_DIAGNOSE) |
                                             CAPABILITY_BIT(CAPABILITY_SHELL));
    cr_expect_eq(c.consent, CONSENT_HOOK);
    cr_expect(c.consent_wait_ms == 30000 && c.session_max_ms == 1200000);
    cr_expect_str_eq(c.session_shell[1], "-l");
    cr_expect_str_eq(c.session_shell_user, "service");
    agent_config_fini(&c);
    buf_fini(&problems);
}

Test(agent_config, each_mistake_is_named) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "[agent] model is required"},
        {GOOD "colour = red\n", "a.conf:8: [broker] has no key 'colour'"},
        {GOOD "[brocker]\nhost = x\n", "a.conf:9: unknown section"},
        {GOOD "port = 0\n", "a.conf:8: [broker] port"},
        {GOOD "port = 65536\n", "[broker] port"},
        {GOOD "port = 88x\n", "[broker] port"},
        {GOOD "qos = 2\n", "[broker] qos"},
        {GOOD "keep_alive = 60\n", "[broker] keep_alive"},
        {GOOD "host = again\n", "given twice"},
        {GOOD "backoff_min = 10m\nbackoff_max = 1m\n", "[broker] backoff_min: longer than backoff_max"},
        {GOOD "[spool]\nbytes = 100KiB\n", "[spool] bytes"},
        {GOOD "[batch]\nmax_records = 100000\n", "[batch] max_records"},
        {GOOD "[host]\nmounts = \"/a\n", "[host] mounts: a quote is left open"},
        {GOOD "[host]\nenabled = perhaps\n", "[host] enabled"},
        {GOOD "[session]\nconsent = ask\n", "[session] consent: expected deny, hook or code"},
        {GOOD "[session]\nconsent = hook\n", "[session] consent_hook: missing"},
        {GOOD "[session]\nconsent = code\n", "[session] code_show: missing"},
        {GOOD "[session]\ncapabilities = observe,everything\n", "everything"},
        {GOOD "[session]\nmax_duration = 5h\n", "[session] max_duration"},
        {GOOD "[session]\nshell = \"\n", "[session] shell"},
        {GOOD "[tail app]\nfile = /a\nseverity = 8\n", "a.conf:10: [tail app] severity: '8' is not a severity"},
        {GOOD "[tail app]\ncolour = red\n", "unknown key 'colour', expected file, app or severity"},
        {GOOD "[tail app]\napp = x\n", "[tail app] file: missing"},
        {GOOD "[tail app]\nfile = /a\napp = a\tb\n", "[tail app] app: longer than 63 bytes, or with control"},
        {GOOD "[diagnostic -x]\ncommand = /bin/df\n", "a letter or digit first"},
        {"[agent]\nmodel = m\nserial = a\tb\n[broker]\nhost=h\nca=c\ncert=c\nkey=k\n", "[agent] serial: "},
        {GOOD "[tail ../x]\nfile = /a\n", "is not a name"},
        {GOOD "[tail app]\nfile = /a\nfile = /b\n", "given twice"},
        {GOOD "[diagnostic disk]\ntitle = x\n", "[diagnostic disk] command: missing"},
        {GOOD "[diagnostic disk]\ncommand = df -h\n", "expected an absolute path"},
        {GOOD "[diagnostic disk]\ncommand = /bin/df 'x\n", "a quote is left open"},
        {GOOD "[parameter setpoint]\nfile = /a\n", "[parameter setpoint] type: missing"},
        {GOOD "[parameter setpoint]\ntype = float\nfile = /a\n", "[parameter setpoint] type: 'float', expected int"},
        {GOOD "[parameter Set]\ntype = int\nfile = /a\n", "a letter first"},
        {GOOD "[parameter setpoint]\ntype = number\n", "expected either 'file' or 'read'"},
        {GOOD "[parameter setpoint]\ntype = number\nfile = a\n", "expected an absolute path"},
        {GOOD "[parameter setpoint]\ntype = number\nread = cat /a\n", "expected an absolute path"},
        {GOOD "[parameter setpoint]\ntype = number\nread = /bin/get\nwritable = yes\n", "'write' is missing"},
        {GOOD "[parameter setpoint]\ntype = number\nmin = 2\nmax = 1\nfile = /a\n", "'min' is above 'max'"},
        {GOOD "[parameter setpoint]\ntype = number\nmin = cold\nfile = /a\n", "[parameter setpoint] min: 'cold' is no"},
        {GOOD "[parameter mode]\ntype = enum\nfile = /a\n", "type enum needs 'choices'"},
        {GOOD "[parameter mode]\ntype = enum\nchoices = a, a\nfile = /a\n", "the choice 'a' is there twice"},
        {GOOD "[parameter a]\ntype = int\nfile = /a\nrequire = a > b\n", "there is no parameter 'b'"},
        {GOOD "[parameter a]\ntype = int\nfile = /a\nrequire = a >> 3\n", "[parameter a] require: expected"},
        {GOOD "[parameter a]\ntype = int\nfile = /a\nlimit = 1h\n", "not a time from 100ms to 5m"},
        {GOOD "[parameter a]\ntype = int\nfile = /a\nunknown = 1\n", "unknown key 'unknown', expected type"},
        {GOOD "[configure]\nhealth = is-well\n", "[configure] health: it starts with 'is-well'"},
        {GOOD "[configure]\nconfirm_min = 10m\nconfirm_max = 5m\n", "is above the longest"},
        {GOOD "[diagnostic disk]\ncommand = /bin/df\ntime_limit = 2h\n", "is not a time from 1s to 1h"},
        {GOOD "[diagnostic disk]\ncommand = /bin/df\nshell = yes\n", "unknown key 'shell'"},
        {GOOD "[extra disk]\ncommand = /bin/df\n", "unknown section [extra disk]"},
        {"[agent]\nmodel = Vaccine Freezer\n[broker]\nhost=h\nca=c\ncert=c\nkey=k\n",
         "[agent] model: expected lower-case"},
        {"[agent]\nmodel = m\ndevice = X\n[broker]\nhost=h\nca=c\ncert=c\nkey=k\n", "[agent] device: expected"},
        {"[agent]\nmodel = m\nlog_level = loud\n[broker]\nhost=h\nca=c\ncert=c\nkey=k\n",
         "[agent] log_level: expected"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct agent_config c;
        struct buf problems;
        cr_expect_neq(read_text(rows[i].text, &c, &problems), RESULT_OK, "%s", rows[i].text);
        cr_expect_not_null(strstr(buf_text(&problems), rows[i].says), "%s\ngave %s\nexpected %s", rows[i].text,
                           buf_text(&problems), rows[i].says);
        agent_config_fini(&c);
        buf_fini(&problems);
    }
}

Test(agent_config, several_mistakes_in_one_run) {
    struct agent_config c;
    struct buf problems;
    cr_expect_neq(read_text(GOOD "[session]\nconsent = ask\nshell = \"\n[tail a]\napp=x\n", &c, &problems), RESULT_OK);
    const char *text = buf_text(&problems);
    cr_expect(strstr(text, "consent") != NULL && strstr(text, "shell") != NULL && strstr(text, "[tail a]") != NULL,
              "%s", text);
    agent_config_fini(&c);
    buf_fini(&problems);
}

Test(agent_config, a_file_that_is_not_there) {
    struct agent_config c;
    struct buf problems;
    buf_init(&problems, 4096);
    cr_expect_eq(agent_config_read("/no/such/file.conf", &c, &problems), RESULT_NOT_FOUND);
    cr_expect_not_null(strstr(buf_text(&problems), "/no/such/file.conf"), "%s", buf_text(&problems));
    agent_config_fini(&c);
    buf_fini(&problems);
}

/* The documented file, as it stands or with every option that it shows in a comment: "#key = value", "#[section]". */
static void read_example(bool is_uncommented, struct buf *out) {
    char line[512];
    FILE *file = fopen("deploy/agent.conf.example", "r");
    cr_assert_not_null(file, "run this from the top of the source");
    while (fgets(line, sizeof line, file) != NULL) {
        size_t key = strspn(line + 1, "abcdefghijklmnopqrstuvwxyz_");
        bool is_option = line[0] == '#' && (line[1] == '[' || (key > 0 && strncmp(line + 1 + key, " =", 2) == 0));
        buf_str(out, line + (is_option && is_uncommented));
    }
    fclose(file);
}

Test(agent_config, the_example_shows_every_option_and_is_right) {
    struct agent_config c;
    struct buf text, problems, reference;
    buf_init(&reference, 64 * 1024);
    agent_config_print_reference(&reference);
    for (int is_uncommented = 0; is_uncommented < 2; is_uncommented++) {
        buf_init(&text, 64 * 1024);
        read_example(is_uncommented, &text);
        cr_expect_eq(read_text(buf_text(&text), &c, &problems), RESULT_OK, "%s", buf_text(&problems));
        agent_config_fini(&c);
        buf_fini(&problems);
        if (is_uncommented) {
            char *rest = strdup(buf_text(&reference)), *at = rest;
            for (char *line = strsep(&at, "\n"); line != NULL; line = strsep(&at, "\n")) {
                char *equals = strstr(line, " = ");
                if (line[0] == '#' && islower((unsigned char)line[1]) && equals != NULL) {
                    char wanted[64];
                    snprintf(wanted, sizeof wanted, "\n%.*s =", (int)(equals - line - 1), line + 1);
                    cr_expect_not_null(strstr(buf_text(&text), wanted), "the example lacks%s", wanted);
                }
            }
            free(rest);
        }
        buf_fini(&text);
    }
    buf_fini(&reference);
}

Test(agent_config, parameters) {
    struct agent_config c;
    struct buf problems;
    cr_assert_eq(read_text(GOOD "[agent]\ndata_dir = /d\n"
                                "[configure]\nhealth = /bin/is-well --now\nconfirm_min = 5s\n"
                                "[parameter setpoint]\nmax = -15\nmin = -30\ntype = number\nunit = Cel\n"
                                "read = /bin/get setpoint\nwrite = /bin/set setpoint\n"
                                "require = alarm >= setpoint + 2, setpoint < 0\n"
                                "[parameter alarm]\ntype = number\nfile = /etc/alarm\nwritable = no\n"
                                "[parameter delay]\nmax = 1h\ntype = duration\nfile = /etc/delay\n",
                           &c, &problems),
                 RESULT_OK, "%s", buf_text(&problems));
    cr_assert_eq(c.parameters.count, 3);
    cr_expect_str_eq(c.parameters.folder, "/d");
    cr_expect_str_eq(c.parameters.health[1], "--now");
    cr_expect_eq(c.parameters.confirm_min_ms, 5000);
    cr_expect_eq(c.parameters.confirm_max_ms, 3600 * 1000);
    const struct param *p = param_find(&c.parameters, "setpoint");
    cr_assert_not_null(p);
    cr_expect(p->is_writable && p->form.has_min && p->form.min == -30);
    cr_expect_str_eq(p->write[1], "setpoint");
    cr_expect_eq(c.parameters.rule_count, 2);
    cr_expect_not(param_find(&c.parameters, "alarm")->is_writable);
    cr_expect_eq(param_find(&c.parameters, "delay")->form.max, 3600);
    cr_expect_null(param_find(&c.parameters, "nothing"));
    agent_config_fini(&c);
    buf_fini(&problems);
}
