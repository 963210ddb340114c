/* Checks a bundle with nothing but the file and public keys. From the outside in: the zip as a whole (any byte of it),
 * the manifest, each file, then the recording as `transcript verify` does. The first thing that is wrong is the
 * verdict.
 *
 * The files are unpacked into a folder of our own, because verify.c reads files; names are plain ones (zip.h). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fieldline/digest.h"
#include "sessions/dossier.h"
#include "sessions/zip.h"

enum { COMMENT_BYTES = 19 + 86, SMALL_BYTES = 64 * 1024 };
#define COMMENT_HEAD "fieldline.bundle.1 "

struct unpacked {
    char dir[128];
    char names[ZIP_ENTRIES][ZIP_NAME_BYTES + 1];
    struct dossier_file found[ZIP_ENTRIES];
    size_t count;
    struct buf manifest, signature;
};

static void path_in(const struct unpacked *u, const char *name, char out[256]) {
    snprintf(out, 256, "%s/%s", u->dir, name);
}

static enum result keep(void *self, const char *name, const struct buf *bytes, struct fault *fault) {
    struct unpacked *u = self;
    struct dossier_file *file = &u->found[u->count];
    uint8_t hash[SHA256_BYTES];
    char path[256];
    path_in(u, name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fault_set(fault, errno == EEXIST ? RESULT_CORRUPT : RESULT_IO, "%s: %s", name, strerror(errno));
    }
    snprintf(u->names[u->count++], sizeof u->names[0], "%s", name);
    bool is_written = write(fd, bytes->data, bytes->count) == (ssize_t)bytes->count;
    close(fd);
    sha256(bytes->data, bytes->count, hash);
    snprintf(file->name, sizeof file->name, "%s", name);
    hex_encode(hash, sizeof hash, file->sha256);
    file->bytes = (int64_t)bytes->count;
    if (strcmp(name, "manifest.json") == 0) {
        buf_add(&u->manifest, bytes->data, bytes->count);
    } else if (strcmp(name, "manifest.sig") == 0) {
        buf_add(&u->signature, bytes->data, bytes->count);
    }
    return is_written ? RESULT_OK : fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
}

static void throw_away(struct unpacked *u) {
    char path[256];
    for (size_t i = 0; i < u->count; i++) {
        path_in(u, u->names[i], path);
        unlink(path);
    }
    rmdir(u->dir);
    buf_fini(&u->manifest);
    buf_fini(&u->signature);
}

static bool signed_by(const struct key *key, const struct buf *text, const char *coded, size_t chars) {
    struct buf signature;
    buf_init(&signature, 256);
    bool holds = base64url_decode(coded, chars, &signature) &&
                 key_verify(key, text->data, text->count, signature.data, signature.count);
    buf_fini(&signature);
    return holds;
}

/* The comment at the end signs every byte before it. */
static enum result check_zip(const char *path, const struct key *key, struct fault *fault) {
    uint8_t piece[16 * 1024];
    char comment[COMMENT_BYTES];
    struct buf statement;
    struct stat st;
    enum result result = RESULT_CORRUPT;
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        result = fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    off_t end = st.st_size - COMMENT_BYTES, at = 0;
    if (end < 0 || pread(fd, comment, sizeof comment, end) != COMMENT_BYTES ||
        memcmp(comment, COMMENT_HEAD, sizeof COMMENT_HEAD - 1) != 0) {
        (void)fault_set(fault, result, "the zip file is not as a gateway wrote it: its signature is missing");
        goto out;
    }
    struct digest *digest = digest_new();
    while (at < end &&
           (n = pread(fd, piece, sizeof piece < (size_t)(end - at) ? sizeof piece : (size_t)(end - at), at)) > 0) {
        digest_add(digest, piece, (size_t)n);
        at += n;
    }
    buf_init(&statement, 256);
    dossier_statement(digest, &statement);
    result = at == end && signed_by(key, &statement, comment + sizeof COMMENT_HEAD - 1,
                                    sizeof comment - (sizeof COMMENT_HEAD - 1))
                 ? RESULT_OK
                 : fault_set(fault, RESULT_CORRUPT, "the zip file is not what this gateway signed");
    buf_fini(&statement);
out:
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

static const struct dossier_file *find(const struct dossier_file *files, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(files[i].name, name) == 0) {
            return &files[i];
        }
    }
    return NULL;
}

static enum result check_manifest(const struct unpacked *u, const struct key *key, struct dossier_manifest *m,
                                  struct fault *fault) {
    enum result result = dossier_manifest_parse((const char *)u->manifest.data, u->manifest.count, m, fault);
    if (result != RESULT_OK) {
        fault_prefix(fault, "manifest.json");
        return result;
    }
    if (!signed_by(key, &u->manifest, (const char *)u->signature.data, u->signature.count)) {
        return fault_set(fault, RESULT_CORRUPT, "manifest.json is not signed by this gateway");
    }
    for (size_t i = 0; i < m->count; i++) {
        const struct dossier_file *file = find(u->found, u->count, m->files[i].name);
        if (file == NULL || file->bytes != m->files[i].bytes || strcmp(file->sha256, m->files[i].sha256) != 0) {
            return fault_set(fault, RESULT_CORRUPT, "%s %s", m->files[i].name,
                             file == NULL ? "is missing" : "is not what was packed");
        }
    }
    return u->count == m->count + 2 ? RESULT_OK
                                    : fault_set(fault, RESULT_CORRUPT, "there are files that the manifest has not");
}

static enum result check(const char *path, const char *keys, struct unpacked *u, struct verdict *out,
                         struct fault *fault) {
    char seal_pub[512], ca[512], recording[256], name[ZIP_NAME_BYTES + 1];
    struct dossier_manifest *manifest = mem_alloc(sizeof *manifest);
    struct key *key = NULL;
    snprintf(seal_pub, sizeof seal_pub, "%s/seal.pub", keys != NULL ? keys : u->dir);
    snprintf(ca, sizeof ca, "%s/ca.crt", keys != NULL ? keys : u->dir);
    enum result result = key_read_public(seal_pub, &key, fault);
    if (result != RESULT_OK && keys == NULL) {
        result = fault_set(fault, RESULT_CORRUPT, "the bundle's seal.pub cannot be read");
    }
    if (result == RESULT_OK && (result = check_zip(path, key, fault)) == RESULT_OK &&
        (result = check_manifest(u, key, manifest, fault)) == RESULT_OK) {
        snprintf(name, sizeof name, "%s.jsonl", manifest->session);
        path_in(u, name, recording);
        result = transcript_verify(recording, &(struct verify_options){.seal_pub = seal_pub, .ca = ca}, out, fault);
    }
    key_free(key);
    free(manifest);
    return result;
}

static enum result unpack(const char *path, struct unpacked *u, struct fault *fault) {
    const char *parent = getenv("TMPDIR");
    snprintf(u->dir, sizeof u->dir, "%s/fieldline-bundle-XXXXXX", parent != NULL ? parent : "/tmp");
    if (mkdtemp(u->dir) == NULL) {
        return fault_set(fault, RESULT_IO, "%s: %s", u->dir, strerror(errno));
    }
    return zip_read(path, DOSSIER_BYTES, keep, u, fault);
}

enum result dossier_verify(const char *path, const char *keys, struct verdict *out, struct fault *fault) {
    struct unpacked *u = mem_alloc(sizeof *u);
    struct fault why = {""};
    *out = (struct verdict){0};
    buf_init(&u->manifest, SMALL_BYTES);
    buf_init(&u->signature, SMALL_BYTES);
    enum result result = unpack(path, u, &why);
    if (result == RESULT_OK) {
        result = check(path, keys, u, out, &why);
    }
    throw_away(u);
    free(u);
    if (result == RESULT_CORRUPT) {
        *out = (struct verdict){0};
        memcpy(out->text, why.text, sizeof out->text);
        return RESULT_OK;
    }
    if (result != RESULT_OK) {
        (void)fault_set(fault, result, "%s", why.text);
    } else if (out->is_ok && keys == NULL) {
        size_t chars = strlen(out->text);
        snprintf(out->text + chars, sizeof out->text - chars, "; checked with the keys inside the bundle");
    }
    return result;
}
