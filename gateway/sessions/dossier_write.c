/* Packs the evidence. Everything is in memory once, a file at a time; the zip grows in the caller's file, which is
 * memory without a name for the API. The player gets the recording inside its own page, because a page that was opened
 * from a folder may read nothing beside it. Any thread; blocks. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/digest.h"
#include "fieldline/json.h"
#include "sessions/dossier.h"
#include "sessions/dossier_readme.h"
#include "sessions/seal.h"
#include "sessions/transcript_view.h"
#include "sessions/zip.h"

enum { COMMENT_BYTES = 19 + 86, PAGE_BYTES = 4 * DOSSIER_FILE_BYTES };
static const char page_mark[] = "\"EVIDENCE\"";

struct packing {
    const struct dossier_options *options;
    struct zip_writer *zip;
    struct dossier_manifest manifest;
    char base[TRANSCRIPT_PATH_BYTES];
    struct buf cast, jsonl, seal, heads, public_key;
};

static enum result add(struct packing *p, const char *name, const void *bytes, size_t count, struct fault *fault) {
    uint8_t hash[SHA256_BYTES];
    struct dossier_file *file = &p->manifest.files[p->manifest.count++];
    sha256(bytes, count, hash);
    snprintf(file->name, sizeof file->name, "%s", name);
    hex_encode(hash, sizeof hash, file->sha256);
    file->bytes = (int64_t)count;
    return zip_writer_add(p->zip, name, bytes, count, fault);
}

static enum result add_of_session(struct packing *p, const char *ending, const struct buf *bytes, struct fault *fault) {
    char name[ZIP_NAME_BYTES + 1];
    snprintf(name, sizeof name, "%s%s", p->options->session->id, ending);
    return add(p, name, bytes->data, bytes->count, fault);
}

static enum result load(const char *path, struct buf *out, struct fault *fault) {
    uint8_t piece[16 * 1024];
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (n = read(fd, piece, sizeof piece)) > 0) {
        buf_add(out, piece, (size_t)n);
    }
    int why = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (n < 0) {
        return fault_set(fault, why == ENOENT ? RESULT_NOT_FOUND : RESULT_IO, "%s: %s", path, strerror(why));
    }
    return out->overflow ? fault_set(fault, RESULT_TOO_BIG, "%s: more than %zu bytes", path, out->cap) : RESULT_OK;
}

static enum result load_beside(const struct packing *p, const char *name, struct buf *out, struct fault *fault) {
    char path[TRANSCRIPT_PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", p->options->transcript_dir, name);
    return load(path, out, fault);
}

/* Plain text of a file that may lie encrypted. */
static enum result load_text(const struct packing *p, const char *ending, struct buf *out, struct fault *fault) {
    struct vault_stream *stream = NULL;
    const uint8_t *piece;
    size_t count;
    enum result result = vault_stream_open(p->options->vault, p->base, ending, &stream, fault);
    while (result == RESULT_OK && (result = vault_stream_next(stream, &piece, &count, fault)) == RESULT_OK) {
        buf_add(out, piece, count);
        if (out->overflow) {
            result = fault_set(fault, RESULT_TOO_BIG, "%s has more than %d bytes", ending, DOSSIER_FILE_BYTES);
        }
    }
    result = stream != NULL && result == RESULT_NOT_FOUND ? RESULT_OK : result;
    vault_stream_close(stream);
    return result;
}

/* ---- the player -------------------------------------------------------------------------------------------------- */

/* A view when something is covered in it, else null: the player shows the text itself then. */
static enum result add_view(const struct packing *p, const char *key, const char *ending, struct json_out *j,
                            struct fault *fault) {
    struct buf view;
    size_t covered = 0;
    enum result result = RESULT_OK;
    buf_init(&view, DOSSIER_FILE_BYTES);
    if (p->options->mask != NULL) {
        result = transcript_view(p->options->vault, p->options->mask, p->base, ending, &view, &covered, fault);
    }
    if (covered > 0) {
        jo_strn(j, key, (const char *)view.data, view.count);
    } else {
        jo_null(j, key);
    }
    buf_wipe(&view);
    return result;
}

static enum result print_evidence(const struct packing *p, struct buf *out, struct fault *fault) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_raw(&j, "session", p->options->row, strlen(p->options->row));
    jo_strn(&j, "cast", (const char *)p->cast.data, p->cast.count);
    jo_strn(&j, "jsonl", (const char *)p->jsonl.data, p->jsonl.count);
    jo_strn(&j, "seal", (const char *)p->seal.data, p->seal.count);
    jo_strn(&j, "heads", p->heads.count > 0 ? (const char *)p->heads.data : "", p->heads.count);
    jo_strn(&j, "seal_pub", (const char *)p->public_key.data, p->public_key.count);
    enum result result = add_view(p, "shown_cast", ".cast", &j, fault);
    if (result == RESULT_OK) {
        result = add_view(p, "shown_jsonl", ".jsonl", &j, fault);
    }
    jo_end(&j);
    return result;
}

/* Inside a <script>: no '<' may stand there. */
static enum result add_player(struct packing *p, struct fault *fault) {
    struct buf page, evidence, out;
    enum result result;
    buf_init(&page, DOSSIER_FILE_BYTES);
    buf_init(&evidence, PAGE_BYTES);
    buf_init(&out, PAGE_BYTES);
    if ((result = load(p->options->player, &page, fault)) != RESULT_OK ||
        (result = print_evidence(p, &evidence, fault)) != RESULT_OK) {
        goto out;
    }
    const char *mark = memmem(buf_text(&page), page.count, page_mark, sizeof page_mark - 1);
    if (mark == NULL) {
        result = fault_set(fault, RESULT_BAD_INPUT, "%s: this is no player", p->options->player);
        goto out;
    }
    size_t before = (size_t)(mark - buf_text(&page)), after = before + sizeof page_mark - 1;
    buf_add(&out, page.data, before);
    for (size_t i = 0; i < evidence.count; i++) {
        if (evidence.data[i] == '<') {
            buf_str(&out, "\\u003c");
        } else {
            buf_add_u8(&out, evidence.data[i]);
        }
    }
    buf_add(&out, page.data + after, page.count - after);
    result = out.overflow ? fault_set(fault, RESULT_TOO_BIG, "the player does not fit")
                          : add(p, "player.html", out.data, out.count, fault);
out:
    buf_fini(&page);
    buf_wipe(&evidence);
    buf_wipe(&out);
    return result;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static enum result add_recording(struct packing *p, struct fault *fault) {
    struct seal seal;
    enum result result;
    if ((result = seal_read(p->base, &seal, fault)) != RESULT_OK ||
        (result = load_text(p, ".cast", &p->cast, fault)) != RESULT_OK ||
        (result = load_text(p, ".jsonl", &p->jsonl, fault)) != RESULT_OK) {
        return result;
    }
    seal_print(&seal, &p->seal);
    result = load_text(p, ".heads", &p->heads, fault);
    if (result != RESULT_OK && result != RESULT_NOT_FOUND) {
        return result;
    }
    bool has_heads = result == RESULT_OK;
    if ((result = add_of_session(p, ".cast", &p->cast, fault)) != RESULT_OK ||
        (result = add_of_session(p, ".jsonl", &p->jsonl, fault)) != RESULT_OK ||
        (result = add_of_session(p, ".seal", &p->seal, fault)) != RESULT_OK ||
        (has_heads && (result = add_of_session(p, ".heads", &p->heads, fault)) != RESULT_OK)) {
        return result;
    }
    return seal.certificate[0] != '\0' ? add(p, "device.crt", seal.certificate, strlen(seal.certificate), fault)
                                       : RESULT_OK;
}

static enum result add_papers(struct packing *p, struct fault *fault) {
    const struct dossier_options *o = p->options;
    struct buf ca;
    enum result result;
    buf_init(&ca, DOSSIER_FILE_BYTES);
    if ((result = load_beside(p, "seal.pub", &p->public_key, fault)) == RESULT_OK &&
        (result = load_beside(p, "ca.crt", &ca, fault)) == RESULT_OK &&
        (result = add(p, "seal.pub", p->public_key.data, p->public_key.count, fault)) == RESULT_OK &&
        (result = add(p, "ca.crt", ca.data, ca.count, fault)) == RESULT_OK &&
        (result = add(p, "session.json", o->row, strlen(o->row), fault)) == RESULT_OK &&
        (result = add(p, "README.txt", dossier_readme, strlen(dossier_readme), fault)) == RESULT_OK &&
        o->report != NULL) {
        result = add(p, "report.md", o->report, strlen(o->report), fault);
    }
    buf_fini(&ca);
    return result;
}

static enum result sign_text(const struct key *key, const void *text, size_t count, struct buf *out,
                             struct fault *fault) {
    struct buf signature;
    buf_init(&signature, 1024);
    enum result result = key_sign(key, text, count, &signature);
    if (result == RESULT_OK) {
        base64url_encode(signature.data, signature.count, out);
    } else {
        result = fault_set(fault, RESULT_IO, "the seal key cannot sign");
    }
    buf_fini(&signature);
    return result;
}

static enum result add_manifest(struct packing *p, const struct key *key, struct fault *fault) {
    struct buf text, signature;
    buf_init(&text, 64 * 1024);
    buf_init(&signature, 1024);
    key_id(key, p->manifest.gateway_key);
    dossier_manifest_print(&p->manifest, &text);
    enum result result = sign_text(key, text.data, text.count, &signature, fault);
    if (result == RESULT_OK) {
        result = zip_writer_add(p->zip, "manifest.json", text.data, text.count, fault);
    }
    if (result == RESULT_OK) {
        result = zip_writer_add(p->zip, "manifest.sig", signature.data, signature.count, fault);
    }
    buf_fini(&text);
    buf_fini(&signature);
    return result;
}

void dossier_statement(struct digest *digest, struct buf *out) {
    uint8_t hash[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    digest_end(digest, hash);
    hex_encode(hash, sizeof hash, hex);
    buf_printf(out, "fieldline.bundle.1\n%s\n", hex);
}

/* Signs the zip in its own comment. */
static enum result sign_zip(int fd, const struct key *key, int64_t *bytes, struct fault *fault) {
    uint8_t piece[16 * 1024];
    struct buf statement, comment;
    struct digest *digest = digest_new();
    ssize_t n;
    off_t at = 0;
    while ((n = pread(fd, piece, sizeof piece, at)) > 0) {
        digest_add(digest, piece, (size_t)n);
        at += n;
    }
    buf_init(&statement, 256);
    buf_init(&comment, 256);
    dossier_statement(digest, &statement);
    buf_str(&comment, "fieldline.bundle.1 ");
    enum result result = sign_text(key, statement.data, statement.count, &comment, fault);
    if (result == RESULT_OK && (n != 0 || comment.count != COMMENT_BYTES ||
                                pwrite(fd, comment.data, comment.count, at) != (ssize_t)comment.count)) {
        result = fault_set(fault, RESULT_IO, "the bundle cannot be signed: %s", strerror(errno));
    }
    *bytes = at + COMMENT_BYTES;
    buf_fini(&statement);
    buf_fini(&comment);
    return result;
}

static enum result pack(struct packing *p, const struct key *key, int fd, struct fault *fault) {
    enum result result = zip_writer_open(fd, p->options->wall_ms, &p->zip, fault);
    if (result == RESULT_OK && (result = add_recording(p, fault)) == RESULT_OK &&
        (result = add_papers(p, fault)) == RESULT_OK && p->options->player != NULL) {
        result = add_player(p, fault);
    }
    if (result == RESULT_OK && (result = add_manifest(p, key, fault)) == RESULT_OK) {
        result = zip_writer_finish(p->zip, COMMENT_BYTES, fault);
        p->zip = NULL;
    }
    return result;
}

enum result dossier_write(const struct dossier_options *options, int fd, int64_t *bytes, struct fault *fault) {
    struct packing *p = mem_alloc(sizeof *p);
    struct key *key = NULL;
    struct buf *const bufs[] = {&p->cast, &p->jsonl, &p->seal, &p->heads, &p->public_key};
    enum result result;
    p->options = options;
    memcpy(p->manifest.session, options->session->id, sizeof p->manifest.session);
    snprintf(p->manifest.by, sizeof p->manifest.by, "%s", options->by);
    p->manifest.made_ms = options->wall_ms;
    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++) {
        buf_init(bufs[i], DOSSIER_FILE_BYTES);
    }
    if (snprintf(p->base, sizeof p->base, "%s/%s", options->transcript_dir, options->session->id) >=
        (int)sizeof p->base - 8) {
        result = fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", options->transcript_dir);
    } else if ((result = key_read_private(options->seal_key, &key, fault)) == RESULT_OK &&
               (result = pack(p, key, fd, fault)) == RESULT_OK) {
        result = sign_zip(fd, key, bytes, fault);
    }
    zip_writer_free(p->zip);
    key_free(key);
    for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++) {
        buf_wipe(bufs[i]);
    }
    free(p);
    return result;
}
