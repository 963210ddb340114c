/* Topics, device ids and shards. */
#include "fieldline/topic.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(topic, every_kind_goes_and_comes_back) {
    for (int kind = 0; kind < TOPIC_KIND_COUNT; kind++) {
        char text[CAP_TOPIC_BYTES + 1];
        struct topic topic;
        struct fault fault = {""};
        topic_format("freezer-7", (enum topic_kind)kind, text);
        cr_expect_eq(topic_parse(text, strlen(text), &topic, &fault), RESULT_OK, "%s: %s", text, fault.text);
        cr_expect_str_eq(topic.device, "freezer-7");
        cr_expect_eq((int)topic.kind, kind);
    }
    cr_expect_str_eq(topic_kind_name((enum topic_kind)77), "unknown");
}

Test(topic, the_shard_is_the_first_byte_of_the_hash) {
    char shard[3], text[CAP_TOPIC_BYTES + 1];
    topic_shard("abc", shard);
    cr_expect_str_eq(shard, "ba"); /* SHA-256("abc") = ba7816bf... */
    topic_format("abc", TOPIC_UP_TELE, text);
    cr_expect_str_eq(text, "fl/1/ba/abc/up/tele");
}

Test(topic, the_longest_device_id_fits) {
    char device[CAP_DEVICE_ID_BYTES + 1], text[CAP_TOPIC_BYTES + 1];
    memset(device, 'a', sizeof device - 1);
    device[sizeof device - 1] = 0;
    struct topic topic;
    topic_format(device, TOPIC_UP_BIRTH, text);
    cr_expect_eq(topic_parse(text, strlen(text), &topic, NULL), RESULT_OK);
    cr_expect_str_eq(topic.device, device);
}

Test(topic, other_topics_are_refused_with_a_reason) {
    static const struct {
        const char *why, *text, *says;
    } rows[] = {
        {"nothing", "", "fl/1/"},
        {"another tree", "zigbee2mqtt/abc", "fl/1/"},
        {"another version", "fl/2/ba/abc/up/tele", "fl/1/"},
        {"a level before it", "/fl/1/ba/abc/up/tele", "fl/1/"},
        {"no shard", "fl/1/", "shard"},
        {"a shard of one digit", "fl/1/b/abc/up/tele", "shard"},
        {"a shard of three digits", "fl/1/baa/abc/up/tele", "shard"},
        {"a shard in capitals", "fl/1/BA/abc/up/tele", "belongs to shard ba"},
        {"the shard of another", "fl/1/bb/abc/up/tele", "belongs to shard ba"},
        {"no device", "fl/1/ba//up/tele", "device"},
        {"a device of two characters", "fl/1/ba/ab/up/tele", "device"},
        {"a device in capitals", "fl/1/ba/Abc/up/tele", "device"},
        {"a device that begins with -", "fl/1/ba/-bc/up/tele", "device"},
        {"a wildcard", "fl/1/ba/+/up/tele", "device"},
        {"it ends behind the device", "fl/1/ba/abc", "device"},
        {"no kind", "fl/1/ba/abc/", "kind"},
        {"an unknown kind", "fl/1/ba/abc/up/video", "kind"},
        {"a kind of the other direction", "fl/1/ba/abc/down/tele", "kind"},
        {"a level too many", "fl/1/ba/abc/up/tele/x", "kind"},
        {"a slash at the end", "fl/1/ba/abc/up/tele/", "kind"},
        {"half a kind", "fl/1/ba/abc/up", "kind"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct topic topic = {.shard = "zz"};
        struct fault fault = {""};
        cr_expect_eq(topic_parse(rows[i].text, strlen(rows[i].text), &topic, &fault), RESULT_BAD_INPUT, "%s",
                     rows[i].why);
        cr_expect(strstr(fault.text, rows[i].says) != NULL, "%s: '%s'", rows[i].why, fault.text);
        cr_expect_str_eq(topic.shard, "zz", "%s: the answer was touched", rows[i].why);
    }
}

Test(topic, bytes_are_counted_not_guessed) {
    struct topic topic;
    char text[300];
    memset(text, 'a', sizeof text);
    cr_expect_eq(topic_parse(text, sizeof text, &topic, NULL), RESULT_TOO_BIG);
    cr_expect_eq(topic_parse("fl/1/ba/abc\0/up/tele", 20, &topic, NULL), RESULT_BAD_INPUT);
    cr_expect_eq(topic_parse("fl/1/ba/abc/up/tele", 18, &topic, NULL), RESULT_BAD_INPUT);
}

Test(topic, device_ids) {
    static const struct {
        const char *text;
        bool is_valid;
    } rows[] = {{"abc", true},
                {"0-9", true},
                {"a--", true},
                {"ab", false},
                {"-ab", false},
                {"a_b", false},
                {"a.b", false},
                {"ABC", false},
                {"", false},
                {"a b", false},
                {"\xc3\xa4"
                 "bc",
                 false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(device_id_valid(rows[i].text, strlen(rows[i].text)), rows[i].is_valid, "%s", rows[i].text);
    char longest[65];
    memset(longest, 'x', sizeof longest);
    cr_expect(device_id_valid(longest, 63));
    cr_expect_not(device_id_valid(longest, 64));
}
