/* POSIX ustar (pax(1), "ustar Interchange Format") inside gzip (zlib, included here alone). libarchive was left: it
 * brings a dozen formats and half a dozen libraries to a product that needs one header of 512 bytes. */
#include "session/tarball.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { BLOCK = 512, GZIP = 16, WINDOW = 15, MEMORY = 8 };

struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100], magic[6], version[2],
        user[32], group[32], major[8], minor[8], prefix[155], spare[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

struct tarball {
    struct buf tar;
    int64_t wall_s;
};

struct tarball *tarball_new(size_t cap_bytes, int64_t wall_ms) {
    struct tarball *t = mem_alloc(sizeof *t);
    buf_init(&t->tar, cap_bytes);
    t->wall_s = wall_ms / 1000;
    return t;
}

void tarball_free(struct tarball *t) {
    if (t != NULL) {
        buf_fini(&t->tar);
        free(t);
    }
}

static void seal(struct header *h) {
    unsigned sum = 0;
    memset(h->sum, ' ', sizeof h->sum);
    for (size_t i = 0; i < sizeof *h; i++) {
        sum += ((const uint8_t *)h)[i];
    }
    snprintf(h->sum, sizeof h->sum, "%06o", sum & 0777777);
}

enum result tarball_add(struct tarball *t, const char *name, const void *bytes, size_t count, struct fault *fault) {
    static const uint8_t zeros[BLOCK];
    struct header h = {.type = '0', .magic = "ustar", .version = {'0', '0'}};
    size_t padding = (BLOCK - count % BLOCK) % BLOCK;
    if (strlen(name) > TARBALL_NAME_BYTES) {
        return fault_set(fault, RESULT_BAD_INPUT, "the name '%.60s' is too long", name);
    }
    if (t->tar.count + BLOCK + count + padding + 2 * (size_t)BLOCK > t->tar.cap) {
        return fault_set(fault, RESULT_FULL, "no room for '%s'", name);
    }
    memcpy(h.name, name, strlen(name));
    snprintf(h.mode, sizeof h.mode, "%07o", 0644u);
    snprintf(h.uid, sizeof h.uid, "%07o", 0u);
    snprintf(h.gid, sizeof h.gid, "%07o", 0u);
    snprintf(h.size, sizeof h.size, "%011llo", (unsigned long long)count);
    snprintf(h.mtime, sizeof h.mtime, "%011llo", (unsigned long long)t->wall_s & 077777777777);
    seal(&h);
    buf_add(&t->tar, &h, sizeof h);
    buf_add(&t->tar, bytes, count);
    buf_add(&t->tar, zeros, padding);
    return RESULT_OK;
}

enum result tarball_finish(struct tarball *t, struct buf *out, struct fault *fault) {
    static const uint8_t zeros[2 * BLOCK];
    z_stream z = {0};
    buf_add(&t->tar, zeros, sizeof zeros);
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW + GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        return fault_set(fault, RESULT_IO, "zlib cannot begin");
    }
    size_t most = deflateBound(&z, t->tar.count);
    uint8_t *place = buf_space(out, most);
    if (place == NULL) {
        deflateEnd(&z);
        return fault_set(fault, RESULT_TOO_BIG, "the archive is too big");
    }
    z.next_in = t->tar.data;
    z.avail_in = (uInt)t->tar.count;
    z.next_out = place;
    z.avail_out = (uInt)most;
    int end = deflate(&z, Z_FINISH);
    buf_wrote(out, z.next_out);
    deflateEnd(&z);
    return end == Z_STREAM_END ? RESULT_OK : fault_set(fault, RESULT_IO, "zlib cannot finish");
}
