/* Files: file.roots, file.list, file.get, file.put. */
#include "session/visit_inside.h"

/* An answer leaves before the first byte of its stream: bytes flow when the loop turns next. */
static enum result answer(struct visit *v, int64_t id, enum result result, struct buf *out, struct fault *fault) {
    if (result == RESULT_OK && out->overflow) {
        result = fault_set(fault, RESULT_TOO_BIG, "the answer is too long");
    }
    if (result == RESULT_OK) {
        visit_answer(v, id, buf_text(out), out->count);
    }
    buf_fini(out);
    return result;
}

static enum result list_roots(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    struct buf out;
    (void)params;
    buf_init(&out, CAP_FRAME_BYTES - 128);
    files_roots(v->files, &out);
    return answer(v, id, RESULT_OK, &out, fault);
}

static enum result list_folder(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    struct buf out;
    buf_init(&out, CAP_FRAME_BYTES - 128);
    return answer(v, id, files_list(v->files, params, &out, fault), &out, fault);
}

static enum result get_file(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    struct buf out;
    buf_init(&out, 512);
    return answer(v, id, files_get(v->files, params, &out, fault), &out, fault);
}

static enum result put_file(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    struct buf out;
    buf_init(&out, 512);
    return answer(v, id, files_put(v->files, params, &out, fault), &out, fault);
}

static const struct visit_verb rows[] = {
    {"file.roots", CAPABILITY_FILES, true, list_roots},
    {"file.list", CAPABILITY_FILES, true, list_folder},
    {"file.get", CAPABILITY_FILES, true, get_file},
    {"file.put", CAPABILITY_FILES, true, put_file},
};
const struct visit_verbs visit_files = {rows, sizeof rows / sizeof *rows};
