#include "rules/template.h"

#include <criterion/criterion.h>
#include <string.h>

Test(template, texts) {
    static const struct {
        const char *source;
        double value;
        const char *text;
    } rows[] = {
        {"", 1, ""},
        {"plain text", 1, "plain text"},
        {"{{ $value }}", 21.5, "21.5"},
        {"{{$value}}", 3, "3"},
        {"{{ $value }}", 0.1, "0.1"},
        {"{{ $value }}", 1.0 / 3, "0.3333333333333333"},
        {"{{ $value }}", 1e6, "1000000"},
        {"{{ $value }}", 123456789, "123456789"},
        {"{{ $value }}", 1e-7, "1e-07"},
        {"{{ $value }}", 0.001, "0.001"},
        {"{{ $value }}", 0, "0"},
        {"{{ $value }}", -2.5, "-2.5"},
        {"{{ $value }}", 1e21, "1e+21"},
        {"a {{ $labels.device }} b {{ $labels.part }} c", 1, "a dev-1 b left c"},
        {"{{ printf \"%.1f\" $value }} K", 12.345, "12.3 K"},
        {"{{ $value | printf \"%5.2f\" }}", 1.5, " 1.50"},
        {"{{ printf \"%.0f%%\" $value }}", 97.4, "97%"},
        {"{{ printf \"%e\" $value }}", 1500, "1.500000e+03"},
        {"{{ printf \"%g\" $value }}", 1500, "1500"},
        {"{{ printf \"%+.1f\" $value }}", 1, "+1.0"},
        {"{{ $value | humanize }}", 1234567, "1.235M"},
        {"{{ humanize $value }}", 0.00123, "1.23m"},
        {"{{ $value | humanize }}", 0, "0"},
        {"{{ $value | humanize }}", 999, "999"},
        {"{{ $value | humanize1024 }}", 1048576, "1Mi"},
        {"{{ $value | humanize1024 }}", 0.5, "0.5"},
        {"{{ $value | humanizePercentage }}", 0.9734, "97.34%"},
        {"{{ $value | humanizeDuration }}", 90061, "1d 1h 1m 1s"},
        {"{{ $value | humanizeDuration }}", 3600, "1h 0m 0s"},
        {"{{ $value | humanizeDuration }}", 61, "1m 1s"},
        {"{{ $value | humanizeDuration }}", 1.5, "1.5s"},
        {"{{ $value | humanizeDuration }}", 0.0015, "1.5ms"},
        {"{{ $value | humanizeDuration }}", 0, "0s"},
        {"{{ $value | humanizeDuration }}", -61, "-1m 1s"},
        {"one brace { is text }", 1, "one brace { is text }"},
        {"温度 {{ $value }} 度", 5, "温度 5 度"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t at = 0;
        struct fault fault = {0};
        char out[200];
        struct template *t = template_compile(rows[i].source, &at, &fault);
        cr_assert_not_null(t, "\"%s\": %s", rows[i].source, fault.text);
        struct template_values values = {.value = rows[i].value, .device = "dev-1", .part = "left"};
        size_t count = template_render(t, &values, out, sizeof out);
        cr_expect_str_eq(out, rows[i].text, "\"%s\" gives \"%s\", expected \"%s\"", rows[i].source, out, rows[i].text);
        cr_expect_eq(count, strlen(out));
        template_free(t);
    }
}

Test(template, refusals) {
    static const struct {
        const char *source;
        size_t at;
        const char *says;
    } rows[] = {
        {"{{", 2, "no template function"},
        {"x {{ }}", 5, "no template function"},
        {"{{ $value", 9, "expected '}}'"},
        {"{{ $value }", 10, "expected '}}'"},
        {"{{ $nothing }}", 3, "'$nothing' is not there"},
        {"{{ $labels.instance }}", 3, "'$labels.instance' is not there"},
        {"{{ $value | toUpper }}", 12, "'toUpper' is no template function"},
        {"{{ query \"up\" }}", 3, "'query' is no template function"},
        {"{{ printf \"%s\" $value }}", 10, "expected a format"},
        {"{{ printf \"%.1f %n\" $value }}", 10, "expected a format"},
        {"{{ printf \"%*f\" $value }}", 10, "expected a format"},
        {"{{ printf \"%999f\" $value }}", 10, "expected a format"},
        {"{{ printf \"%.999f\" $value }}", 10, "expected a format"},
        {"{{ printf \"%lf\" $value }}", 10, "expected a format"},
        {"{{ printf \"%d\" $value }}", 10, "expected a format"},
        {"{{ printf %.1f $value }}", 10, "expected a format"},
        {"{{ printf \"%.1f $value }}", 10, "expected a format"},
        {"{{ printf \"%", 10, "expected a format"},
        {"{{ printf \"%.1f\" }}", 17, "expected $value"},
        {"{{ humanize $labels.part }}", 12, "expected $value"},
        {"{{ $value | humanize | humanize }}", 21, "expected '}}'"},
        {"{{ if $value }}", 3, "'if' is no template function"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t at = 0;
        struct fault fault = {0};
        struct template *t = template_compile(rows[i].source, &at, &fault);
        cr_expect_null(t, "\"%s\" was accepted", rows[i].source);
        cr_expect_eq(at, rows[i].at, "\"%s\": at %zu, expected %zu", rows[i].source, at, rows[i].at);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "\"%s\": says \"%s\", expected \"%s\"", rows[i].source,
                           fault.text, rows[i].says);
        template_free(t);
    }
}

Test(template, too_long_is_cut_at_a_character) {
    size_t at;
    struct fault fault;
    struct template *t = template_compile("温度 {{ $labels.part }}", &at, &fault);
    struct template_values values = {.value = 1, .device = "", .part = "左左左"};
    char out[12];
    cr_assert_not_null(t);
    cr_expect_eq(template_render(t, &values, out, sizeof out), 10);
    cr_expect_str_eq(out, "温度 左");
    cr_expect_eq(template_render(t, &values, out, 1), 0);
    cr_expect_str_eq(out, "");
    template_free(t);
}

Test(template, too_many_and_too_large) {
    struct buf text;
    size_t at;
    struct fault fault;
    buf_init(&text, 10000);
    for (int i = 0; i < 40; i++)
        buf_str(&text, "x{{ $value }}");
    cr_expect_null(template_compile(buf_text(&text), &at, &fault));
    cr_expect_not_null(strstr(fault.text, "more than"));
    buf_reset(&text);
    for (int i = 0; i < 2001; i++)
        buf_str(&text, "x");
    cr_expect_null(template_compile(buf_text(&text), &at, &fault));
    buf_fini(&text);
}
