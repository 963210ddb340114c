#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/pack_parts.h"

static const char pack_yaml[] = "model: rig\n"
                                "title: Rig\n"
                                "maker: us\n"
                                "kind: machine\n"
                                "capabilities: [observe]\n"
                                "metrics:\n"
                                "  - {name: a, title: A, unit: V, interval: 1s}\n"
                                "  - {name: b, title: B, unit: V, interval: 1s}\n"
                                "  - {name: v, title: V, unit: m/s2, interval: 1s}\n"
                                "  - {name: slow, title: S, unit: s, interval: 2m}\n"
                                "  - {name: c, title: C, unit: count, kind: counter, interval: 1s}\n"
                                "  - {name: k, title: K, unit: count, kind: counter, interval: 1s}\n"
                                "faults:\n"
                                "  - {code: E17, title: Low pressure, severity: major}\n"
                                "  - {code: W1, title: Lid, severity: warning, ticket: no}\n";

static struct document *parse(const char *name, const char *text, struct problems *problems) {
    struct document *doc = document_parse(name, text, strlen(text), problems);
    cr_assert_not_null(doc, "%s", buf_text(problems->to));
    return doc;
}

struct pack *rig_pack(const char *alerts_yaml) {
    struct buf text;
    buf_init(&text, 64 * 1024);
    struct problems problems = {.to = &text};
    struct pack *pack = mem_alloc(sizeof *pack);
    struct document *doc = parse("pack.yaml", pack_yaml, &problems);
    pack_read_yaml(pack, doc, "rig", &problems);
    document_free(doc);
    doc = parse("alerts.yaml", alerts_yaml, &problems);
    pack_read_alerts(pack, doc, &problems);
    document_free(doc);
    cr_assert_eq(problems.count, 0, "%s", buf_text(&text));
    buf_fini(&text);
    return pack;
}

struct pack *rig_rule(const char *expr, const char *hold, const char *keep, const char *recover) {
    char text[4000];
    snprintf(
        text, sizeof text,
        "groups:\n- name: g\n  rules:\n  - alert: X\n    expr: |\n      %s\n    for: %s\n"
        "    keep_firing_for: %s\n    labels: {severity: major}\n    annotations:\n      summary: is {{ $value }}\n"
        "%s%s\n",
        expr, hold ? hold : "0s", keep ? keep : "0s", recover ? "      recover_expr: " : "", recover ? recover : "");
    return rig_pack(text);
}

static int metric_of(const struct pack *pack, const char *name) {
    for (size_t i = 0; i < pack->metric_count; i++)
        if (strcmp(pack->metrics[i].name, name) == 0)
            return (int)i;
    cr_assert_fail("no metric %s", name);
    return -1;
}

void rig_feed(struct rule_device *d, const struct pack *pack, const char *text, struct firings *out) {
    struct sample samples[500];
    size_t count = 0;
    char *copy = strdup(text), *save = NULL;
    for (char *moment = strtok_r(copy, ";", &save); moment; moment = strtok_r(NULL, ";", &save)) {
        char *inner = NULL, *word = strtok_r(moment, " ", &inner);
        double at_s = strtod(word, NULL);
        while ((word = strtok_r(NULL, " ", &inner))) {
            char *value = strchr(word, '='), *part = strchr(word, '/');
            cr_assert_not_null(value, "%s", word);
            *value++ = '\0';
            if (part)
                *part++ = '\0';
            samples[count++] = (struct sample){.metric = metric_of(pack, word),
                                               .part = rule_device_part(d, part ? part : ""),
                                               .event_ms = (int64_t)(at_s * 1000),
                                               .value = strtod(value, NULL)};
        }
    }
    free(copy);
    rule_device_samples(d, samples, count, out);
}

const char *rig_firings(const struct firings *f) {
    static const char *const kinds[] = {"RAISE", "UPDATE", "UNKNOWN", "CLEAR"};
    static char out[8000];
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < f->count; i++) {
        const struct firing *x = &f->items[i];
        used += (size_t)snprintf(out + used, sizeof out - used, "%s%s %s%s%s@%g", i ? " " : "", kinds[x->kind],
                                 x->alarm, *x->part ? "/" : "", x->part, (double)x->event_ms / 1000);
        cr_assert_lt(used, sizeof out);
    }
    return out;
}
