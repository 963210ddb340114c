/* The rules in use: what each pack's rules say, the files they are written in (with their authors' reasons), which
 * versions ran when, and what the rules folder would do on the stored past. Reader threads; see read.h. */
#include "web/read.h"

#include <string.h>

#include "rules/bundle.h"
#include "rules/rule.h"
#include "store/versions.h"

static void print_rule(struct json_out *j, const struct rule *rule) {
    jo_object(j, NULL);
    jo_str(j, "alert", rule->alert);
    jo_str(j, "expr", rule->expr->source);
    jo_str(j, "recover_expr", rule->recover ? rule->recover->source : "");
    jo_int(j, "for_ms", rule->for_ms);
    jo_int(j, "keep_firing_ms", rule->keep_firing_ms);
    jo_str(j, "severity", alarm_severity_name(rule->severity));
    jo_bool(j, "ticket", rule->opens_ticket);
    jo_end(j);
}

void read_rules(struct read *read, struct response *response) {
    const struct packs *packs = read->options->packs;
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_array(&j, "items");
    for (size_t i = 0; i < packs_count(packs); i++) {
        const struct pack *pack = packs_at(packs, i);
        jo_object(&j, NULL);
        jo_str(&j, "model", pack->model);
        jo_str(&j, "title", pack->title);
        jo_str(&j, "title_zh", pack->title_zh ? pack->title_zh : pack->title);
        jo_array(&j, "rules");
        for (size_t r = 0; r < pack->rule_count; r++)
            print_rule(&j, pack->rules[r]);
        jo_end(&j);
        jo_end(&j);
    }
    jo_end(&j);
    jo_end(&j);
}

/* ---- files ---- */

struct files {
    struct json_out *j;
    const char *model; /* of these only; NULL: all */
};

static enum result print_file(void *self, const struct bundle_file *file) {
    const struct files *files = self;
    const size_t chars = files->model ? strlen(files->model) : 0;
    if (chars > 0 &&
        (file->path_bytes <= chars || memcmp(file->path, files->model, chars) != 0 || file->path[chars] != '/'))
        return RESULT_OK;
    jo_object(files->j, NULL);
    jo_strn(files->j, "path", file->path, file->path_bytes);
    jo_strn(files->j, "text", (const char *)file->content, file->bytes);
    jo_end(files->j);
    return RESULT_OK;
}

void read_rules_files(struct read *read, struct response *response) {
    struct rule_version version;
    struct buf content;
    struct fault fault;
    int64_t id;
    struct files files = {.model = query_text(&read->request->query, "model")};
    if (query_integer(&read->request->query, "version", 1, INT64_MAX, 0, &id, &fault) != RESULT_OK) {
        response_refuse(response, RESULT_BAD_INPUT, &fault);
        return;
    }
    buf_init(&content, BUNDLE_BYTES_MAX);
    if (!read_failed(read, response, reader_version(read->reader, id, &version, &content), "version of the rules")) {
        struct json_out j = read_json(response);
        files.j = &j;
        jo_object(&j, NULL);
        jo_int(&j, "version", version.id);
        jo_array(&j, "items");
        const enum result result = bundle_each(content.data, content.count, print_file, &files);
        jo_end(&j);
        jo_end(&j);
        if (result != RESULT_OK)
            response_problem(response, 500, result_name(result), "That version of the rules is damaged.");
    }
    buf_fini(&content);
}

/* ---- versions ---- */

static void print_activation(void *self, const struct activation *a, const struct rule_version *v) {
    struct json_out *j = self;
    char digest[SHA256_HEX_BYTES];
    hex_encode(v->digest, sizeof v->digest, digest);
    jo_object(j, NULL);
    jo_int(j, "id", a->id);
    jo_int(j, "version", a->version);
    jo_int(j, "at_ms", a->at_ms);
    if (a->applied_ms)
        jo_int(j, "applied_ms", a->applied_ms);
    else
        jo_null(j, "applied_ms");
    jo_str(j, "how", activation_how_name(a->how));
    jo_str(j, "who", a->who);
    jo_str(j, "report", a->report);
    jo_str(j, "outcome", a->outcome);
    jo_bool(j, "kept", v->id != 0);
    jo_str(j, "digest", v->id ? digest : "");
    jo_int(j, "bytes", v->bytes);
    jo_end(j);
}

void read_rules_versions(struct read *read, struct response *response) {
    struct fault fault;
    int64_t limit;
    if (query_integer(&read->request->query, "limit", 1, 500, 50, &limit, &fault) != RESULT_OK) {
        response_refuse(response, RESULT_BAD_INPUT, &fault);
        return;
    }
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_array(&j, "items");
    const enum result result = reader_activations(read->reader, (int)limit, print_activation, &j);
    if (!read_failed(read, response, result, "versions")) {
        jo_end(&j);
        jo_end(&j);
    }
}

void read_rules_trial(struct read *read, struct response *response) {
    struct fault fault;
    if (!read->options->trial) {
        response_problem(response, 404, "not_found", "There is no rules folder here.");
        return;
    }
    struct json_out j = read_json(response);
    const enum result result =
        read->options->trial(read->options->self, read->reader, read->options->packs, &j, &fault);
    if (result != RESULT_OK)
        response_refuse(response, result, &fault);
}
