/* Learning takes some tenths of a second, so two expressions that say the same (rul and rul_low of the same metrics, in
 * several rules) share a model. Models are kept in a short list; a pack has few. */
#include "rules/detect/life_library.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct buf key;
    struct life_model *model;
};
struct life_library {
    struct lives *lives;
    struct entry entries[LIFE_MODELS_MAX];
    int count;
    uint64_t digest;
};

static uint64_t digest_of(const struct lives *lives) {
    uint8_t digest[SHA256_BYTES];
    struct buf bytes;
    uint64_t head = 0;
    buf_init(&bytes, SIZE_MAX);
    for (int i = 0; i < lives->column_count; i++)
        buf_add(&bytes, lives->names[i], strlen(lives->names[i]) + 1);
    for (size_t u = 0; u < lives->count; u++)
        buf_add_varint(&bytes, lives->items[u].count);
    buf_add(&bytes, lives->values, lives->row_count * (size_t)lives->column_count * sizeof *lives->values);
    sha256(bytes.data, bytes.count, digest);
    buf_fini(&bytes);
    for (int i = 0; i < 8; i++)
        head = head << 8 | digest[i];
    return head;
}

enum result life_library_load(const char *folder, struct life_library **out, struct problems *problems) {
    struct lives *lives;
    enum result result = lives_load(folder, &lives, problems);
    if (result != RESULT_OK)
        return result;
    struct life_library *library = mem_alloc(sizeof *library);
    library->lives = lives;
    library->digest = digest_of(lives);
    *out = library;
    return RESULT_OK;
}

void life_library_free(struct life_library *library) {
    if (!library)
        return;
    for (int i = 0; i < library->count; i++) {
        buf_fini(&library->entries[i].key);
        life_model_free(library->entries[i].model);
    }
    lives_free(library->lives);
    free(library);
}

uint64_t life_library_digest(const struct life_library *library) {
    return library->digest;
}

enum result life_library_model(struct life_library *library, const char *const *metrics, int count, double cap,
                               const struct life_model **out, struct fault *why) {
    struct entry *entry = NULL;
    struct buf key;
    buf_init(&key, SIZE_MAX);
    buf_printf(&key, "%.17g", cap);
    for (int i = 0; i < count; i++)
        buf_printf(&key, ",%s", metrics[i]);
    for (int i = 0; i < library->count && !entry; i++)
        if (strcmp(buf_text(&library->entries[i].key), buf_text(&key)) == 0)
            entry = &library->entries[i];
    enum result result = RESULT_OK;
    if (!entry && library->count == LIFE_MODELS_MAX)
        result = fault_set(why, RESULT_TOO_BIG, "is one forecast too many: a pack may have %d", LIFE_MODELS_MAX);
    else if (!entry) {
        struct life_model *model;
        result = life_model_new(library->lives, metrics, count, cap, &model, why);
        if (result == RESULT_OK) {
            entry = &library->entries[library->count++];
            *entry = (struct entry){.key = key, .model = model};
            key = (struct buf){0};
        }
    }
    buf_fini(&key);
    if (result == RESULT_OK)
        *out = entry->model;
    return result;
}
