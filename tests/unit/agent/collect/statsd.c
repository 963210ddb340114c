/* The statsd decoder: what firmware sends, and what is refused, line by line. */
#include "collect/statsd.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { NOW = 1795309549 };
static const char *const kinds[] = {"g", "+", "c", "t"};

/* Everything that came out, one item after the other. */
struct heard {
    char text[2048];
    struct event_message event;
    int event_count;
};

static void on_value(void *self, const struct statsd_value *v) {
    struct heard *h = self;
    size_t used = strlen(h->text);
    snprintf(h->text + used, sizeof h->text - used, "%s%s%s %s %g%s", v->metric, v->part[0] ? "/" : "", v->part,
             kinds[v->kind], v->value, v->rate == 1 ? "" : " rate");
    used = strlen(h->text);
    if (v->has_event_ms) {
        snprintf(h->text + used, sizeof h->text - used, " at %lld", (long long)v->event_ms);
    }
    strcat(h->text, ";");
}

static void on_event(void *self, const struct event_message *event) {
    struct heard *h = self;
    h->event = *event;
    h->event_count++;
    strcat(h->text, "event;");
}

static void on_refused(void *self, enum statsd_refusal why, const char *line, size_t chars) {
    struct heard *h = self;
    (void)line;
    (void)chars;
    strcat(strcat(h->text, statsd_refusal_name(why)), "!;");
}

static struct heard hear(const char *bytes, size_t count) {
    struct heard h = {0};
    struct statsd_handler handler = {.self = &h, .value = on_value, .event = on_event, .refused = on_refused};
    statsd_decode(bytes, count, NOW, &handler);
    return h;
}

Test(statsd, lines_and_what_they_mean) {
    static const struct {
        const char *line, *heard, *why;
    } rows[] = {
        {"temp:-18.5|g", "temp + -18.5;", "a sign makes a gauge relative, as statsd says"},
        {"temp:18.5|g", "temp g 18.5;", "a level"},
        {"temp:+2|g", "temp + 2;", "up by two"},
        {"door.opens:1|c", "door_opens c 1;", "dots become underscores"},
        {"Door-Opens:1|c", "door_opens c 1;", "letters become lower case"},
        {"a/b c:1|g", "a_b_c g 1;", "slashes and blanks too"},
        {"hits:1|c|@0.1", "hits c 1 rate;", "a sample rate"},
        {"lat:320|ms", "lat t 320;", "a timer"},
        {"lat:1.5|h", "lat t 1.5;", "a histogram is a timer"},
        {"lat:2|d", "lat t 2;", "and so is a distribution"},
        {"lat:1:2:3|ms", "lat t 1;lat t 2;lat t 3;", "several values"},
        {"t:5|g|#part:left", "t/left g 5;", "the tag part"},
        {"t:5|g|#zone:x,part:2-a.b:c", "t/2-a.b:c g 5;", "among others"},
        {"t:5|g|#env:prod", "t g 5;", "other tags are not used"},
        {"t:5|g|#", "t g 5;", "no tags"},
        {"t:5|g|T1700000000", "t g 5 at 1700000000000;", "measured then"},
        {"t:5|c|@0.5|#part:a|c:in-12|T9", "t/a c 5 rate at 9000;", "all fields, any order"},
        {"a:1|g\nb:2|g\n", "a g 1;b g 2;", "several lines, the last may end"},
        {"a:1|g\r\n\n\nb:2|c", "a g 1;b c 2;", "other line ends, empty lines"},
        {"a:1|g\nnonsense\nb:2|g", "a g 1;no_value!;b g 2;", "a bad line spoils no neighbour"},
        {"", "", "nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct heard h = hear(rows[i].line, strlen(rows[i].line));
        cr_expect_str_eq(h.text, rows[i].heard, "%s (%s) gave %s", rows[i].line, rows[i].why, h.text);
    }
}

Test(statsd, refusals_by_name) {
    char long_name[CAP_METRIC_BYTES + 16], many[512] = "t:1";
    memset(long_name, 'a', CAP_METRIC_BYTES + 1);
    strcpy(long_name + CAP_METRIC_BYTES + 1, ":1|g");
    for (int i = 0; i < 70; i++) {
        strcat(many, ":1");
    }
    strcat(many, "|ms");
    const struct {
        const char *line, *heard;
    } rows[] = {
        {"temp", "no_value!;"},
        {"temp:", "no_value!;"},
        {":1|g", "name!;"},
        {"1st:1|g", "name!;"},
        {"t\xc3\xa9mp:1|g", "name!;"},
        {"a{b}:1|g", "name!;"},
        {long_name, "name!;"},
        {"t:abc|g", "value!;"},
        {"t:nan|g", "value!;"},
        {"t:inf|g", "value!;"},
        {"t:1e999|g", "value!;"},
        {"t:0x10|g", "value!;"},
        {"t:|g", "no_value!;"},
        {"t:1:|ms", "value!;"},
        {"t:1:x:3|ms", "value!;"}, /* none of the three is handed over */
        {many, "value!;"},
        {"t:1", "type!;"},
        {"t:1|", "type!;"},
        {"t:1|x", "type!;"},
        {"t:1|m", "type!;"},
        {"users:alice|s", "set!;"},
        {"t:1|c|@0", "rate!;"},
        {"t:1|c|@1.5", "rate!;"},
        {"t:1|c|@-1", "rate!;"},
        {"t:1|c|@x", "rate!;"},
        {"t:1|g|#part:", "tag!;"},
        {"t:1|g|#part", "tag!;"},
        {"t:1|g|#part:a b", "tag!;"},
        {"t:1|g|T", "time!;"},
        {"t:1|g|T-5", "time!;"},
        {"t:1|g|T99999999999999999999", "time!;"},
        {"t:1|g|?", "field!;"},
        {"t:1|g|", "field!;"},
        {"_sc|disk|0", "check!;"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct heard h = hear(rows[i].line, strlen(rows[i].line));
        cr_expect_str_eq(h.text, rows[i].heard, "%s gave %s", rows[i].line, h.text);
    }
}

Test(statsd, a_nul_is_no_end) {
    struct heard h = hear("t:1|g\0x", 7);
    cr_expect_str_eq(h.text, "type!;");
    h = hear("t\0:1|g", 6);
    cr_expect_str_eq(h.text, "name!;");
}

Test(statsd, events) {
    static const struct {
        const char *line;
        enum event_kind kind;
        const char *code;
        bool active;
        int severity;
        int64_t event_ms;
        const char *text;
    } rows[] = {
        {"_e{5,4}:title|text|t:error|#code:E17,state:set", EVENT_FAULT, "E17", true, SEVERITY_ERROR, NOW,
         "title: text"},
        {"_e{5,4}:title|text|#code:E17,state:clear", EVENT_FAULT, "E17", false, SEVERITY_ERROR, NOW, "title: text"},
        {"_e{5,0}:title||#code:a.b-c_9", EVENT_FAULT, "a.b-c_9", true, SEVERITY_ERROR, NOW, "title"},
        {"_e{0,4}:|help|#call", EVENT_CALL, "", false, SEVERITY_NOTICE, NOW, "help"},
        {"_e{5,4}:title|text", EVENT_INFO, "", false, SEVERITY_INFO, NOW, "title: text"},
        {"_e{5,4}:title|text|t:warning|d:1700000000|h:box|k:key|p:low|s:src", EVENT_INFO, "", false, SEVERITY_WARNING,
         1700000000000, "title: text"},
        {"_e{5,9}:ti|le|a|b\\nc|d|", EVENT_INFO, "", false, SEVERITY_INFO, NOW, "ti|le: a|b\nc|d|"},
        {"_e{5,8}:ti|le|a|b\\nc|d", EVENT_INFO, "", false, SEVERITY_INFO, NOW, "ti|le: a|b\nc|d"},
        {"_e{1,3}:a|\x1b[0", EVENT_INFO, "", false, SEVERITY_INFO, NOW, "a: \xe2\x90\x9b[0"},
        {"_e{1,2}:a|\xff\xfe", EVENT_INFO, "", false, SEVERITY_INFO, NOW, "a: \xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct heard h = hear(rows[i].line, strlen(rows[i].line));
        cr_assert_eq(h.event_count, 1, "%s gave %s", rows[i].line, h.text);
        cr_expect_eq(h.event.kind, rows[i].kind, "%s", rows[i].line);
        cr_expect_str_eq(h.event.code, rows[i].code);
        cr_expect(rows[i].kind != EVENT_FAULT || h.event.active == rows[i].active, "%s", rows[i].line);
        cr_expect_eq(h.event.severity, rows[i].severity, "%s", rows[i].line);
        cr_expect_eq(h.event.event_ms, rows[i].event_ms, "%s", rows[i].line);
        cr_expect_str_eq(h.event.text, rows[i].text);
    }
}

Test(statsd, bad_events_by_name) {
    static const struct {
        const char *line, *heard;
    } rows[] = {
        {"_e{5,4}", "event!;"},
        {"_e{5,4}:title|tex", "event!;"},
        {"_e{50,4}:title|text", "event!;"},
        {"_e{5,4}:title,text", "event!;"},
        {"_e{-1,4}:title|text", "event!;"},
        {"_e{5;4}:title|text", "event!;"},
        {"_e{99999999999999999999,1}:a|b", "event!;"},
        {"_e{5,4}:title|textx", "event!;"},
        {"_e{5,4}:title|text|t:fatal", "field!;"},
        {"_e{5,4}:title|text|z:1", "field!;"},
        {"_e{5,4}:title|text|d:x", "time!;"},
        {"_e{5,4}:title|text|#code:", "tag!;"},
        {"_e{5,4}:title|text|#code:.x", "tag!;"},
        {"_e{5,4}:title|text|#code:a b", "tag!;"},
        {"_e{5,4}:title|text|#code:E1,state:maybe", "tag!;"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct heard h = hear(rows[i].line, strlen(rows[i].line));
        cr_expect_str_eq(h.text, rows[i].heard, "%s gave %s", rows[i].line, h.text);
    }
}
