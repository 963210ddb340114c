/* Heads: signed marks along a recording. A line each and not one file that is replaced, because the marks before the
 * last one are proofs too: each says that so much was there at that time. In plain text, because they hold nothing but
 * sizes and hashes, and whoever has to prove that a tail is missing may not have the key to what is left.
 *
 * A head is written only after what it covers was put on the disk; so a power cut leaves no head without its frames,
 * and a head without its frames is always somebody's deed or a broken disk. */
#include "sessions/heads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/json.h"

struct heads {
    FILE *file; /* NULL: there are none */
    uint64_t number, bytes;
    uint8_t digest[SHA256_BYTES]; /* chained: SHA-256(digest || line) */
};

static void print_members(const struct head *h, struct buf *out) {
    char hex[SHA256_HEX_BYTES];
    hex_encode(h->lines, SHA256_BYTES, hex);
    buf_printf(out, "{\"n\":%llu,\"cast_bytes\":%llu,\"jsonl_bytes\":%llu,\"lines\":\"%s\",\"at_ms\":%lld",
               (unsigned long long)h->n, (unsigned long long)h->cast_bytes, (unsigned long long)h->jsonl_bytes, hex,
               (long long)h->at_ms);
}

static void print_signed(const struct head *h, const char *session, uint64_t number, struct buf *out) {
    buf_printf(out, "fieldline.heads.1/%s\n%llu\n", session, (unsigned long long)number);
    print_members(h, out);
}

void head_print(const struct head *head, struct buf *out) {
    print_members(head, out);
    buf_str(out, ",\"signature\":\"");
    base64url_encode(head->signature, sizeof head->signature, out);
    buf_str(out, "\"}\n");
}

enum result head_sign(const struct transcript_sums *sums, uint64_t number, int64_t at_ms, const struct key *key,
                      struct head *out, struct fault *fault) {
    struct head h = {
        .n = sums->frames, .cast_bytes = sums->cast_bytes, .jsonl_bytes = sums->jsonl_bytes, .at_ms = at_ms};
    struct buf text, signature;
    memcpy(h.lines, sums->lines, sizeof h.lines);
    buf_init(&text, HEADS_LINE_BYTES);
    buf_init(&signature, HEADS_LINE_BYTES);
    print_signed(&h, sums->session, number, &text);
    enum result result = key_sign(key, text.data, text.count, &signature);
    if (result != RESULT_OK || signature.count != sizeof h.signature) {
        result = fault_set(fault, RESULT_IO, "the seal key cannot sign: it must be an Ed25519 key");
    } else {
        memcpy(h.signature, signature.data, sizeof h.signature);
        *out = h;
    }
    buf_fini(&text);
    buf_fini(&signature);
    return result;
}

bool head_signature_holds(const struct head *head, const char *session, uint64_t number, const struct key *key) {
    struct buf text;
    buf_init(&text, HEADS_LINE_BYTES);
    print_signed(head, session, number, &text);
    bool holds = key_verify(key, text.data, text.count, head->signature, sizeof head->signature);
    buf_fini(&text);
    return holds;
}

static enum result head_of_json(const struct json *object, struct head *h, struct fault *fault) {
    int64_t n, cast, jsonl;
    const char *hex, *coded;
    struct buf signature;
    enum result result;
    if ((result = json_integer(object, "n", 0, INT64_MAX / 2, &n, fault)) != RESULT_OK ||
        (result = json_integer(object, "cast_bytes", 0, INT64_MAX / 2, &cast, fault)) != RESULT_OK ||
        (result = json_integer(object, "jsonl_bytes", 0, INT64_MAX / 2, &jsonl, fault)) != RESULT_OK ||
        (result = json_string(object, "lines", SHA256_HEX_BYTES, &hex, fault)) != RESULT_OK ||
        (result = json_integer(object, "at_ms", 0, INT64_MAX / 2, &h->at_ms, fault)) != RESULT_OK ||
        (result = json_string(object, "signature", HEADS_LINE_BYTES, &coded, fault)) != RESULT_OK) {
        return result;
    }
    h->n = (uint64_t)n;
    h->cast_bytes = (uint64_t)cast;
    h->jsonl_bytes = (uint64_t)jsonl;
    buf_init(&signature, HEADS_LINE_BYTES);
    bool is_sound = hex_decode(hex, strlen(hex), h->lines, SHA256_BYTES) &&
                    base64url_decode(coded, strlen(coded), &signature) && signature.count == sizeof h->signature;
    if (is_sound) {
        memcpy(h->signature, signature.data, sizeof h->signature);
    }
    buf_fini(&signature);
    return is_sound ? RESULT_OK : fault_set(fault, RESULT_CORRUPT, "'lines' or 'signature' has another length");
}

enum result head_parse(const char *line, size_t chars, struct head *out, struct fault *fault) {
    struct head h = {0};
    struct json *object = NULL;
    struct buf again;
    enum result result = json_parse(line, chars, &object, fault);
    if (result == RESULT_OK) {
        result = json_is_object(object) ? head_of_json(object, &h, fault)
                                        : fault_set(fault, RESULT_CORRUPT, "a head must be an object");
    }
    json_free(object);
    if (result != RESULT_OK) {
        return RESULT_CORRUPT;
    }
    buf_init(&again, HEADS_LINE_BYTES);
    head_print(&h, &again);
    bool same = again.count == chars + 1 && memcmp(again.data, line, chars) == 0;
    buf_fini(&again);
    if (!same) {
        return fault_set(fault, RESULT_CORRUPT, "the head is not spelled as it was written");
    }
    *out = h;
    return RESULT_OK;
}

enum result heads_open(const char *base, struct heads **out, struct fault *fault) {
    char path[TRANSCRIPT_PATH_BYTES + 8];
    snprintf(path, sizeof path, "%s.heads", base);
    FILE *file = fopen(path, "re");
    if (file == NULL && errno != ENOENT) {
        return fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
    }
    struct heads *heads = mem_alloc(sizeof *heads);
    heads->file = file;
    *out = heads;
    return RESULT_OK;
}

void heads_close(struct heads *heads) {
    if (heads == NULL) {
        return;
    }
    if (heads->file != NULL) {
        fclose(heads->file);
    }
    free(heads);
}

enum result heads_next(struct heads *heads, struct head *out, uint64_t *number, struct fault *fault) {
    uint8_t line[SHA256_BYTES + HEADS_LINE_BYTES];
    char *text = (char *)line + SHA256_BYTES;
    size_t chars = 0;
    int c = EOF;
    while (heads->file != NULL && chars < HEADS_LINE_BYTES && (c = getc(heads->file)) != EOF) {
        text[chars++] = (char)c;
        if (c == '\n') {
            break;
        }
    }
    if (chars == 0) {
        return RESULT_NOT_FOUND;
    }
    *number = heads->number + 1;
    enum result result = c == '\n' && *number <= HEADS_MAX
                             ? head_parse(text, chars - 1, out, fault)
                             : fault_set(fault, RESULT_CORRUPT, "the line is torn or too long");
    if (result != RESULT_OK) {
        fault_prefix(fault, ".heads line %llu", (unsigned long long)*number);
        return RESULT_CORRUPT;
    }
    heads->number++;
    heads->bytes += chars;
    memcpy(line, heads->digest, SHA256_BYTES);
    sha256(line, SHA256_BYTES + chars, heads->digest);
    return RESULT_OK;
}

uint64_t heads_count(const struct heads *heads) {
    return heads->number;
}

uint64_t heads_bytes(const struct heads *heads) {
    return heads->bytes;
}

void heads_digest(const struct heads *heads, uint8_t out[SHA256_BYTES]) {
    memcpy(out, heads->digest, SHA256_BYTES);
}
