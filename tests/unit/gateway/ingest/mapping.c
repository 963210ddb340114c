/* The mapping file: what is accepted, and mistakes with file and line. */
#include "ingest/adapters/mapping.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/adapters/adapters.h"

#define JSON "[json x]\ntopic = a/{name}\ndevice = aa-{name}\nmodel = m\n"

Test(mapping, mistakes_are_told_with_file_and_line) {
    static const struct {
        const char *what, *text, *says;
    } rows[] = {
        {"nothing in it", "", "f:1: no section"},
        {"an unknown kind", "[yaml x]\nmodel = m\n", "f:2: [yaml x] model: unknown kind"},
        {"an unknown key", JSON "colour = red\n", "f:5: [json x] colour: no such key"},
        {"a key of another kind", "[sparkplug x]\nmodel = m\ntopic = a\n", "f:3: [sparkplug x] topic: no such key"},
        {"no model", "\n[json x]\ntopic = a/{n}\ndevice = aa-{n}\n", "f:2: [json x] model is required"},
        {"no topic", "[json x]\nmodel = m\n", "f:1: [json x] topic is required"},
        {"no device", "[json x]\nmodel = m\ntopic = a\n", "f:1: [json x] device is required"},
        {"no value", "[json x]\nmodel =\n", "f:2: [json x] model: no value"},
        {"a model in capitals", "[json x]\nmodel = M\n", "f:2: [json x] model: 'M' is no model"},
        {"a topic for everything", "[json x]\ntopic = a/#\n", "f:2:"},
        {"an agents' topic", "[json x]\ntopic = fl/1/00/{d}/up/tele\n", "f:2:"},
        {"a name that the topic has not", "[json x]\ntopic = a/{n}\ndevice = aa-{m}\n", "f:3:"},
        {"a device before its topic", "[json x]\ndevice = aa-{n}\ntopic = a/{n}\n", "f:2:"},
        {"one device for all", "[json x]\ntopic = a\ndevice = aa\n", "f:3:"},
        {"Sparkplug's prefix", "[json x]\ntopic = a/{n}\ndevice = sp-{n}\n", "f:3:"},
        {"a metric's name in capitals", JSON "metric Power = p\n", "f:5:"},
        {"a metric without a path", JSON "metric power = | W\n", "f:5:"},
        {"a wrong path", JSON "metric power = a[x]\n", "f:5:"},
        {"a unit that is too long", JSON "metric power = p | a-very-long-unit-indeed\n", "f:5:"},
        {"a unit with a quote", JSON "metric power = p | \"W\"\n", "f:5:"},
        {"a factor of nothing", JSON "metric power = p | W | x0\n", "f:5:"},
        {"a word without a number", JSON "metric power = p | | on=yes\n", "f:5:"},
        {"nine words", JSON "metric power = p | | a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1\n", "f:5:"},
        {"a metric twice", JSON "metric power = p\nmetric power = q\n", "f:6:"},
        {"a fault code that is none", JSON "fault a b = p | 1\n", "f:5:"},
        {"a fault that is never on", JSON "fault E1 = p\n", "f:5:"},
        {"one word for two states", JSON "online = $ | up\n", "f:5:"},
        {"three words for two states", JSON "online = $ | up down gone\n", "f:5:"},
        {"a zone that is none", JSON "zone = Berlin\n", "f:5:"},
        {"all metrics of a Sparkplug node", "[sparkplug x]\nmodel = m\nmetric * = $\n", "f:3:"},
        {"thin-edge's own name", "[thin-edge x]\nmodel = m\ntopic = {device}/te\n", "f:3:"},
        {"the type of a Sparkplug node", "[sparkplug x]\nmodel = {type}\n", "f:2:"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct mappings *m = NULL;
        struct buf problems;
        buf_init(&problems, 4096);
        cr_expect_neq(mappings_read_text("f", rows[i].text, &m, &problems), RESULT_OK, "%s", rows[i].what);
        cr_expect_null(m);
        cr_expect_eq(strncmp(buf_text(&problems), rows[i].says, strlen(rows[i].says)), 0, "%s: %s", rows[i].what,
                     buf_text(&problems));
        buf_fini(&problems);
    }
}

Test(mapping, several_mistakes_are_told_at_once) {
    struct mappings *m = NULL;
    struct buf problems;
    buf_init(&problems, 4096);
    cr_expect_neq(mappings_read_text("f", "[json x]\nmodel = M\ntopic = #\n", &m, &problems), RESULT_OK);
    cr_expect_not_null(strstr(buf_text(&problems), "f:2:"));
    cr_expect_not_null(strstr(buf_text(&problems), "f:3:"));
    buf_fini(&problems);
}

Test(mapping, too_much_of_anything_is_refused) {
    struct mappings *m = NULL;
    struct buf text, problems;
    buf_init(&text, 1 << 20);
    buf_init(&problems, 1 << 20);
    for (int i = 0; i <= MAPPINGS_MAX; i++)
        buf_printf(&text, "[sparkplug s%d]\nmodel = m\n", i);
    cr_expect_neq(mappings_read_text("f", buf_text(&text), &m, &problems), RESULT_OK);
    cr_expect_not_null(strstr(buf_text(&problems), "more than 256 sections"), "%s", buf_text(&problems));
    buf_reset(&text);
    buf_reset(&problems);
    buf_str(&text, JSON);
    for (int i = 0; i <= MAPPING_METRICS_MAX; i++)
        buf_printf(&text, "metric m%d = p\n", i);
    cr_expect_neq(mappings_read_text("f", buf_text(&text), &m, &problems), RESULT_OK);
    cr_expect_not_null(strstr(buf_text(&problems), "more than 100 metrics"), "%s", buf_text(&problems));
    buf_fini(&text);
    buf_fini(&problems);
}

Test(mapping, a_file_that_is_not_there_and_the_example_that_is) {
    struct adapters *a = NULL;
    struct buf problems;
    buf_init(&problems, 65536);
    cr_expect_neq(adapters_open("/nowhere/adapters.conf", &a, &problems), RESULT_OK);
    cr_expect_not_null(strstr(buf_text(&problems), "/nowhere/adapters.conf:0: cannot be read"));
    buf_reset(&problems);
    cr_assert_eq(adapters_open("deploy/adapters.conf.example", &a, &problems), RESULT_OK, "%s", buf_text(&problems));
    bool has_tele = false, has_birth = false, has_agents = false;
    for (size_t i = 0; i < adapters_filter_count(a); i++) {
        has_tele |= strcmp(adapters_filter(a, i), "tele/+/SENSOR") == 0;
        has_birth |= strcmp(adapters_filter(a, i), "spBv1.0/+/NBIRTH/+") == 0;
        has_agents |= strncmp(adapters_filter(a, i), "fl/", 3) == 0 || adapters_filter(a, i)[0] == '#';
    }
    cr_expect(has_tele && has_birth && !has_agents);
    adapters_free(a);
    buf_fini(&problems);
}
