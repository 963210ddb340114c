/* thin-edge.io's topics. */
#include <criterion/criterion.h>
#include <string.h>

#include "heard.h"

static const char one[] = "[thin-edge all]\nmodel = room\nmetric room_temperature = temperature | Cel\n"
                          "metric relative_humidity = env.humidity | %RH\nonline_service = agent\n";

Test(thin_edge, says_what_is_there) {
    static const struct {
        const char *what, *topic, *payload, *said;
    } rows[] = {
        {"a measurement by the section's name", "te/device/x///m/a", "{\"temperature\":21}",
         "te-x room room_temperature=21Cel"},
        {"by its own name", "te/device/x///m/a", "{\"Flow Rate\":2}", "te-x room flow_rate=2"},
        {"a group is a metric with parts", "te/device/x///m/", "{\"current\":{\"L1\":9.5,\"L 2\":1}}",
         "te-x room current/L1=9.5 current/L_2=1"},
        {"a group that the section knows", "te/device/x///m/a", "{\"env\":{\"humidity\":40,\"co2\":400}}",
         "te-x room relative_humidity=40%RH env/co2=400"},
        {"its own time", "te/device/x///m/a", "{\"time\":\"2026-11-22T04:20:01Z\",\"y\":1}",
         "te-x room y=1@1795321201000"},
        {"seconds", "te/device/x///m/a", "{\"time\":1600000000,\"y\":1}", "te-x room y=1@1600000000000"},
        {"of a service", "te/device/x/service/s/m/a", "{\"y\":1}", "te-x room y=1"},
        {"of an entity of another scheme", "te/hall/a/belt/1/m/x", "{\"y\":1}", "te-hall--a--belt--1 room y=1"},
        {"an event", "te/device/x///e/login", "{\"text\":\"hello\"}", "te-x room note(hello)"},
        {"an event without a text", "te/device/x///e/login", "{}", "te-x room note(login)"},
        {"an alarm", "te/device/x///a/E17", "{\"severity\":\"major\",\"text\":\"hot\"}", "te-x room +E17(hot)"},
        {"an alarm without anything", "te/device/x///a/too hot", "{}", "te-x room +too_hot()"},
        {"its end", "te/device/x///a/E17", "", "te-x room -E17()"},
        {"the agent is up", "te/device/x/service/agent/status/health", "{\"status\":\"up\"}", "te-x room online"},
        {"the agent is down", "te/device/x/service/agent/status/health", "{\"status\":\"down\"}", "te-x room offline"},
        {"the agent's status is taken away", "te/device/x/service/agent/status/health", "", "te-x room offline"},
        {"another service is down", "te/device/x/service/sshd/status/health", "{\"status\":\"down\"}",
         "te-x room +service-sshd(down)"},
        {"a bridge is up", "te/device/x/service/bridge/status/health", "1", "te-x room -service-bridge(1)"},
        {"the device itself", "te/device/x///status/health", "{\"status\":\"up\"}", "te-x room online"},
        {"a registration", "te/device/y//", "{\"@type\":\"child-device\",\"name\":\"North\",\"type\":\"T1\"}",
         "te-y room serial=North"},
        {"a service's registration is nothing", "te/device/z/service/s", "{\"@type\":\"service\",\"name\":\"s\"}", ""},
        {"a registration is taken away", "te/device/y//", "", ""},
        {"a name of the twin", "te/device/y///twin/name", "\"South\"", "te-y room serial=South"},
        {"a firmware", "te/device/y///twin/firmware", "{\"name\":\"fw\",\"version\":\"2\"}",
         "te-y room serial=South firmware=fw 2"},
        {"another twin", "te/device/q///twin/other", "{\"a\":1}", ""},
        {"a measurement of a known one", "te/device/y///m/a", "{\"q\":1}", "te-y room q=1 serial=South firmware=fw 2"},
        {"a text in a measurement", "te/device/x///m/a", "{\"y\":1,\"c\":\"red\"}",
         "te-x room y=1 !'c' is neither a number nor a group of numbers"},
        {"a text in a group", "te/device/x///m/a", "{\"g\":{\"c\":\"red\"}}",
         "te-x room !'c' of the group 'g' is no number"},
        {"a group in a group", "te/device/x///m/a", "{\"g\":{\"c\":{\"d\":1}}}",
         "te-x room !'c' of the group 'g' is no number"},
    };
    struct heard *h = heard_new(one);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(heard_text(h, rows[i].topic, rows[i].payload), RESULT_OK, "%s: %s", rows[i].what, h->fault.text);
        cr_expect_str_eq(h->said, rows[i].said, "%s: %s", rows[i].what, h->said);
    }
    heard_free(h);
}

Test(thin_edge, what_is_refused) {
    static const struct {
        const char *what, *topic, *payload, *says;
    } rows[] = {
        {"fewer levels than an entity has", "te/device/x", "{}", "entity"},
        {"an entity without a first level", "te////", "{}", "entity"},
        {"a channel that is none", "te/device/x///q/a", "{}", "unknown channel 'q'"},
        {"a command", "te/device/x///cmd/restart", "{}", "unknown channel 'cmd'"},
        {"a channel with too long a name", "te/device/x///measurements-and-more/a", "{}", "entity"},
        {"a measurement that is a number", "te/device/x///m/a", "7", "object"},
        {"a measurement that is an array", "te/device/x///m/a", "[1]", "object"},
        {"broken JSON", "te/device/x///m/a", "{\"a\":", "JSON"},
        {"a time without a zone", "te/device/x///m/a", "{\"time\":\"2026-11-22T04:20:01\",\"y\":1}", "zone"},
        {"an alarm without a type", "te/device/x///a/", "{}", "type"},
        {"a severity that is none", "te/device/x///a/E1", "{\"severity\":\"awful\"}", "awful"},
        {"a registration that is a text", "te/device/x//", "\"x\"", "object"},
        {"another root", "tx/device/x///m/a", "{}", "no section"},
    };
    struct heard *h = heard_new(one);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_neq(heard_text(h, rows[i].topic, rows[i].payload), RESULT_OK, "%s", rows[i].what);
        cr_expect_str_eq(h->said, "", "%s: %s", rows[i].what, h->said);
        cr_expect_not_null(strstr(h->fault.text, rows[i].says), "%s: %s", rows[i].what, h->fault.text);
    }
    heard_free(h);
}

Test(thin_edge, retained_messages_are_states) {
    struct heard *h = heard_new(one);
    cr_expect_eq(heard_bytes(h, "te/device/x///m/a", "{\"y\":1}", 7, true), RESULT_OK);
    cr_expect_str_eq(h->said, "");
    cr_expect_eq(heard_bytes(h, "te/device/x///e/a", "{}", 2, true), RESULT_OK);
    cr_expect_str_eq(h->said, "");
    cr_expect_eq(heard_bytes(h, "te/device/x///a/E1", "{}", 2, true), RESULT_OK);
    cr_expect_str_eq(h->said, "te-x room +E1()");
    heard_free(h);
}

Test(thin_edge, the_type_may_be_the_model) {
    struct heard *h = heard_new("[thin-edge x]\nmodel = {type}\n");
    cr_expect_eq(heard_text(h, "te/device/x///m/a", "{\"y\":1}"), RESULT_OK);
    cr_expect_str_eq(h->said, "te-x ? y=1");
    cr_expect_eq(heard_text(h, "te/device/x//", "{\"@type\":\"device\",\"type\":\"Press MK II\"}"), RESULT_OK);
    cr_expect_eq(heard_text(h, "te/device/x///m/a", "{\"y\":1}"), RESULT_OK);
    cr_expect_str_eq(h->said, "te-x press-mk-ii y=1");
    adapters_forget(h->adapters);
    cr_expect_eq(heard_text(h, "te/device/x///m/a", "{\"y\":1}"), RESULT_OK);
    cr_expect_str_eq(h->said, "te-x ? y=1");
    heard_free(h);
}

Test(thin_edge, sites_that_are_bridged_into_one_broker_keep_apart) {
    struct heard *h = heard_new("[thin-edge x]\nmodel = room\ntopic = {site}/te\ndevice = main\n");
    cr_expect_eq(heard_text(h, "north/te/device/main///m/a", "{\"y\":1}"), RESULT_OK);
    cr_expect_str_eq(h->said, "te-main--north room y=1");
    cr_expect_eq(heard_text(h, "south/te/device/main///m/a", "{\"y\":1}"), RESULT_OK);
    cr_expect_str_eq(h->said, "te-main--south room y=1");
    cr_expect_neq(heard_text(h, "south/te/device/other///m/a", "{\"y\":1}"), RESULT_OK, "the section names one device");
    heard_free(h);
}
