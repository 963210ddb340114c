/* Any bytes as the files of a pack: pack.yaml, alerts.yaml, an article and the values of a test series, one after the
 * other with a line of %% between them. What is refused is refused with a problem that begins with the file's name; a
 * pack that is sound runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/device.h"
#include "rules/pack_parts.h"
#include "rules/test_series.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

enum { FILES = 4, MOMENTS = 50 };

struct file {
    const char *text;
    size_t bytes;
};

static void split(const char *text, size_t bytes, struct file files[FILES]) {
    static const char between[] = "%%\n";
    for (int i = 0; i < FILES; i++) {
        const char *end = i < FILES - 1 ? memmem(text, bytes, between, sizeof between - 1) : NULL;
        size_t n = end ? (size_t)(end - text) : bytes;
        files[i] = (struct file){.text = text, .bytes = n};
        text += end ? n + sizeof between - 1 : n;
        bytes -= end ? n + sizeof between - 1 : n;
    }
}

static void run(const struct pack *pack) {
    struct rule_device *d = rule_device_new(pack, "fuzz");
    struct firings firings;
    struct sample samples[20];
    size_t metrics = pack->metric_count < 10 ? pack->metric_count : 10;
    int part = rule_device_part(d, "x");
    firings_init(&firings);
    for (int m = 0; m < MOMENTS; m++) {
        size_t n = 0;
        for (size_t i = 0; i < metrics; i++)
            for (int p = 0; p <= part; p += part)
                samples[n++] = (struct sample){
                    .metric = (int)i, .part = p, .event_ms = m * (m % 7 ? 10000 : 400000), .value = m * (p ? -1.5 : 3)};
        rule_device_samples(d, samples, n, &firings);
    }
    for (size_t i = 0; i < pack->fault_count && i < 3; i++)
        rule_device_event(d, pack->faults[i].code, i % 2 == 0, "", 0, &firings);
    for (size_t i = 0; i < firings.count; i++)
        if (!utf8_valid(firings.items[i].summary, strlen(firings.items[i].summary)))
            abort();
    firings_fini(&firings);
    rule_device_free(d);
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count) {
    struct file files[FILES];
    struct buf out;
    struct problems problems = {.to = &out};
    struct pack *pack = mem_alloc(sizeof *pack);
    char *copy = mem_strndup((const char *)bytes, count);
    buf_init(&out, 1 << 20);
    split(copy, strlen(copy), files);
    struct document *doc = document_parse("pack.yaml", files[0].text, files[0].bytes, &problems);
    if (doc) {
        pack_read_yaml(pack, doc, "m", &problems);
        document_free(doc);
        doc = document_parse("alerts.yaml", files[1].text, files[1].bytes, &problems);
        if (doc)
            pack_read_alerts(pack, doc, &problems);
        document_free(doc);
        char *article = mem_strndup(files[2].text, files[2].bytes);
        pack_read_article(pack, "a.md", "a", article, files[2].bytes, &problems);
        free(article);
    }
    if (pack->plan && problems.count == 0)
        run(pack);
    if ((problems.count > 0) != (out.count > 0) || !utf8_valid(buf_text(&out), out.count))
        abort();
    struct test_series series = {0};
    size_t at = 0;
    struct fault fault;
    char *values = mem_strndup(files[3].text, files[3].bytes);
    if (test_series_parse_values(values, &series, &at, &fault) != RESULT_OK && at > strlen(values))
        abort();
    test_series_fini(&series);
    free(values);
    pack_free(pack);
    buf_fini(&out);
    free(copy);
    return 0;
}
