/* The list of a bundle's files. Rigid, as all that is signed here: the reader prints what it understood and compares.
 */
#include <stdio.h>
#include <string.h>

#include "fieldline/json.h"
#include "sessions/dossier.h"

#define DOSSIER_FORMAT "fieldline.bundle.1"
enum { MANIFEST_BYTES = 64 * 1024 };

void dossier_manifest_print(const struct dossier_manifest *m, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "bundle", DOSSIER_FORMAT);
    jo_str(&j, "session", m->session);
    jo_int(&j, "made_ms", m->made_ms);
    jo_str(&j, "by", m->by);
    jo_str(&j, "gateway_key", m->gateway_key);
    jo_array(&j, "files");
    for (size_t i = 0; i < m->count; i++) {
        jo_object(&j, NULL);
        jo_str(&j, "name", m->files[i].name);
        jo_int(&j, "bytes", m->files[i].bytes);
        jo_str(&j, "sha256", m->files[i].sha256);
        jo_end(&j);
    }
    jo_end(&j);
    jo_end(&j);
    buf_add_u8(out, '\n');
}

static enum result take_files(const struct json *object, struct dossier_manifest *m, struct fault *fault) {
    const struct json *files;
    enum result result = json_array(object, "files", sizeof m->files / sizeof *m->files, &files, fault);
    for (size_t i = 0; result == RESULT_OK && i < json_count(files); i++) {
        const struct json *file = json_at(files, i);
        struct dossier_file *f = &m->files[m->count++];
        if (!json_is_object(file)) {
            return fault_set(fault, RESULT_CORRUPT, "a file must be an object");
        }
        if ((result = json_copy(file, "name", f->name, sizeof f->name, fault)) == RESULT_OK &&
            (result = json_integer(file, "bytes", 0, DOSSIER_BYTES, &f->bytes, fault)) == RESULT_OK) {
            result = json_copy(file, "sha256", f->sha256, sizeof f->sha256, fault);
        }
    }
    return result;
}

enum result dossier_manifest_parse(const char *text, size_t chars, struct dossier_manifest *out, struct fault *fault) {
    struct json *object = NULL;
    struct buf again;
    char format[sizeof DOSSIER_FORMAT];
    *out = (struct dossier_manifest){0};
    enum result result = json_parse(text, chars, &object, fault);
    if (result == RESULT_OK && !json_is_object(object)) {
        result = fault_set(fault, RESULT_CORRUPT, "a manifest must be an object");
    }
    if (result == RESULT_OK && (result = json_copy(object, "bundle", format, sizeof format, fault)) == RESULT_OK &&
        (result = json_copy(object, "session", out->session, sizeof out->session, fault)) == RESULT_OK &&
        (result = json_integer(object, "made_ms", 0, INT64_MAX / 2, &out->made_ms, fault)) == RESULT_OK &&
        (result = json_copy(object, "by", out->by, sizeof out->by, fault)) == RESULT_OK &&
        (result = json_copy(object, "gateway_key", out->gateway_key, sizeof out->gateway_key, fault)) == RESULT_OK) {
        result = take_files(object, out, fault);
    }
    json_free(object);
    if (result != RESULT_OK) {
        return RESULT_CORRUPT;
    }
    buf_init(&again, MANIFEST_BYTES);
    dossier_manifest_print(out, &again);
    bool same = uuid_valid(out->session) && again.count == chars && memcmp(again.data, text, chars) == 0;
    buf_fini(&again);
    return same ? RESULT_OK : fault_set(fault, RESULT_CORRUPT, "the manifest is not spelled as it was written");
}
