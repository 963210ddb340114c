/* Mapped JSON and bare text: what is said, what is not, what is rejected. */
#include <criterion/criterion.h>
#include <string.h>

#include "heard.h"

static const char home[] = "[json status]\n"
                           "topic = home/{name}/status\n"
                           "device = home-{name}\n"
                           "model = room\n"
                           "online = $ | online offline\n"
                           "[json state]\n"
                           "topic = home/{name}/state\n"
                           "device = home-{name}\n"
                           "model = room\n"
                           "online = state.link | 1 0\n"
                           "serial = sn\n"
                           "firmware = fw\n"
                           "[json readings]\n"
                           "topic = home/{name}/readings\n"
                           "device = home-{name}\n"
                           "model = room\n"
                           "time = t\n"
                           "metric temperature = a.t | Cel\n"
                           "metric mains = a.v[1] | mV | x1000\n"
                           "metric relay/left = left | | on=1 off=0\n"
                           "fault leak = leak | true 1 yes | wet\n"
                           "metric * = all\n"
                           "[json bare]\n"
                           "topic = home/{name}/q/{quantity}/{part}\n"
                           "device = home-{name}\n"
                           "model = room\n"
                           "metric {quantity}/{part} = $ | | on=1\n"
                           "fault over-{part} = $ | overpower\n"
                           "[json local]\n"
                           "topic = local/{name}\n"
                           "device = local-{name}\n"
                           "model = room\n"
                           "time = t\n"
                           "zone = +01:00\n"
                           "metric x = x\n";

Test(plain, says_what_is_there) {
    static const struct {
        const char *what, *topic, *payload, *said;
    } rows[] = {
        {"online, as bare text", "home/k/status", "online", "home-k room online"},
        {"offline, as JSON text", "home/k/status", " \"offline\"\n", "home-k room offline"},
        {"online, by a number", "home/k/state", "{\"state\":{\"link\":1}}", "home-k room online"},
        {"labels", "home/k/state", "{\"sn\":\"S 1\",\"fw\":2.5}", "home-k room serial=S 1 firmware=2.5"},
        {"labels are cleaned", "home/k/state", "{\"sn\":\"a\\u0007b\"}", "home-k room serial=a b"},
        {"values", "home/k/readings", "{\"a\":{\"t\":21.5,\"v\":[1,2]}}",
         "home-k room temperature=21.5Cel mains=2000mV"},
        {"a number as text", "home/k/readings", "{\"a\":{\"t\":\"21.5\"}}", "home-k room temperature=21.5Cel"},
        {"a word", "home/k/readings", "{\"left\":\"on\"}", "home-k room relay/left=1"},
        {"a boolean", "home/k/readings", "{\"left\":false}", "home-k room relay/left=0"},
        {"seconds", "home/k/readings", "{\"t\":1600000000.5,\"left\":1}", "home-k room relay/left=1@1600000000500"},
        {"milliseconds", "home/k/readings", "{\"t\":1600000000500,\"left\":1}",
         "home-k room relay/left=1@1600000000500"},
        {"ISO 8601", "home/k/readings", "{\"t\":\"2026-11-22T04:20:01Z\",\"left\":1}",
         "home-k room relay/left=1@1795321201000"},
        {"a zone of the mapping", "local/k", "{\"t\":\"2026-11-22T05:20:01\",\"x\":1}",
         "local-k room x=1@1795321201000"},
        {"a fault that is on", "home/k/readings", "{\"leak\":true}", "home-k room +leak(wet)"},
        {"a fault that is off", "home/k/readings", "{\"leak\":false}", "home-k room -leak(wet)"},
        {"a fault by a number", "home/k/readings", "{\"leak\":1}", "home-k room +leak(wet)"},
        {"all numbers of an object", "home/k/readings", "{\"all\":{\"Air Temp\":1,\"b\":2.5,\"c\":\"x\",\"d\":{}}}",
         "home-k room air_temp=1 b=2.5"},
        {"a number as bare text", "home/k/q/power/0", "12.5", "home-k room power/0=12.5 -over-0($)"},
        {"a word as bare text", "home/k/q/relay/0", "on", "home-k room relay/0=1 -over-0($)"},
        {"a part of any characters", "home/k/q/relay/a b", "on", "home-k room relay/a_b=1 -over-a_b($)"},
        {"nothing of what is looked for", "home/k/readings", "{\"other\":1}", ""},
        {"null is nothing", "home/k/readings", "{\"a\":{\"t\":null},\"leak\":null}", ""},
        {"an object where a number should be", "home/k/readings", "{\"a\":{\"t\":{}}}",
         "home-k room !'a.t' (metric temperature) is neither a number nor one of its words"},
        {"a word that is none of its", "home/k/readings", "{\"left\":\"maybe\"}",
         "home-k room !'left' (metric relay) is neither a number nor one of its words"},
        {"a presence that is none", "home/k/status", "perhaps",
         "home-k room !presence 'perhaps' is neither 'online' nor 'offline'"},
        {"a name of people's own",
         "home/K\xc3\xbc"
         "che/status",
         "online", "home-k-che---7d7c"},
        {"an array", "home/k/readings", "[1]", ""},
        {"an empty payload", "home/k/readings", "", ""},
    };
    struct heard *h = heard_new(home);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(heard_text(h, rows[i].topic, rows[i].payload), RESULT_OK, "%s: %s", rows[i].what, h->fault.text);
        if (strchr(rows[i].topic, '\xc3'))
            cr_expect_eq(strncmp(h->said, "home-k-che---", 13), 0, "%s: %s", rows[i].what, h->said);
        else
            cr_expect_str_eq(h->said, rows[i].said, "%s: %s", rows[i].what, h->said);
    }
    heard_free(h);
}

Test(plain, what_is_refused) {
    static const struct {
        const char *what, *topic, *payload, *says;
    } rows[] = {
        {"broken JSON", "home/k/readings", "{\"a\":", "[json readings]: not JSON"},
        {"something after it", "home/k/readings", "{} x", "not JSON"},
        {"a doubled key", "home/k/readings", "{\"a\":1,\"a\":2}", "a"},
        {"too deep", "home/k/readings", "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", ""},
        {"no UTF-8", "home/k/q/power/0", "\xff\xfe", "UTF-8"},
        {"only blanks", "home/k/readings", "  \n", "empty"},
        {"a time without a zone", "home/k/readings", "{\"t\":\"2026-11-22T04:20:01\",\"left\":1}", "no zone"},
        {"a time that is an object", "home/k/readings", "{\"t\":{},\"left\":1}", "time"},
        {"a topic of nobody", "office/k/readings", "{}", "no section"},
        {"a wildcard in the topic", "home/+/readings", "{}", "wildcard"},
        {"an agent's topic", "fl/1/00/home-k/up/tele", "[]", "no section"},
    };
    struct heard *h = heard_new(home);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_neq(heard_text(h, rows[i].topic, rows[i].payload), RESULT_OK, "%s", rows[i].what);
        cr_expect_str_eq(h->said, "", "%s", rows[i].what);
        cr_expect_not_null(strstr(h->fault.text, rows[i].says), "%s: %s", rows[i].what, h->fault.text);
    }
    heard_free(h);
}

Test(plain, a_retained_message_is_a_state_and_no_measurement) {
    static const char payload[] = "{\"a\":{\"t\":21},\"leak\":true}";
    struct heard *h = heard_new(home);
    cr_expect_eq(heard_bytes(h, "home/k/readings", payload, sizeof payload - 1, true), RESULT_OK);
    cr_expect_str_eq(h->said, "home-k room +leak(wet)");
    heard_free(h);
}

Test(plain, the_first_section_that_fits_is_used) {
    struct heard *h = heard_new("[json one]\ntopic = a/{b}/c\ndevice = one-{b}\nmodel = m\nmetric x = x\n"
                                "[json all]\ntopic = a/{b}/{d}\ndevice = all-{b}\nmodel = m\nmetric y = x\n");
    cr_expect_eq(heard_text(h, "a/1/c", "{\"x\":1}"), RESULT_OK);
    cr_expect_str_eq(h->said, "one-1 m x=1");
    cr_expect_eq(heard_text(h, "a/1/d", "{\"x\":1}"), RESULT_OK);
    cr_expect_str_eq(h->said, "all-1 m y=1");
    heard_free(h);
}
