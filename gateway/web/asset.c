/* The console's files (see asset.h). Loaded by web_start, read-only afterwards, used on the edge thread; responses
 * point into this table, which outlives them. Sorted by path for a binary search.
 *
 * Left: serving from the folder with open() on each request (needs a careful walk to stay inside, and can serve half of
 * a build that is being replaced), and compressing here (the build has done it, better). */
#include "web/asset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REQUEST_PATH_ROOM = 2 * ASSET_PATH_BYTES + 16 /* what is longer is cut, and then not found */ };

struct asset {
    char path[ASSET_PATH_BYTES + 1]; /* "/assets/main-ABC.js" */
    const char *type;
    uint8_t *bytes;
    size_t count;
    char etag[24];
    const struct asset *zipped; /* the entry of path + ".gz" */
};
struct assets {
    struct asset *items;
    size_t count, bytes;
};

static const struct {
    const char *suffix, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
    {".gz", "application/gzip"},
};

static bool ends_with(const char *text, const char *end) {
    size_t chars = strlen(text), end_chars = strlen(end);
    return chars >= end_chars && strcmp(text + chars - end_chars, end) == 0;
}

static const char *type_of(const char *path) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (ends_with(path, types[i].suffix)) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

static enum result read_whole(int fd, uint8_t *out, size_t count) {
    for (size_t done = 0; done < count;) {
        ssize_t n = read(fd, out + done, count - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return RESULT_IO;
        }
        done += (size_t)n;
    }
    return RESULT_OK;
}

/* Takes one open file into the table; closes it. */
static enum result add_file(struct assets *assets, int fd, const char *path, struct fault *fault) {
    enum result result = RESULT_IO;
    struct stat st;
    uint8_t *bytes = NULL;
    if (fstat(fd, &st) != 0) {
        fault_set(fault, result, "%s: %s", path, strerror(errno));
        goto out;
    }
    size_t count = (size_t)st.st_size;
    if (count > ASSET_BYTES || assets->bytes + count > ASSETS_BYTES || assets->count == ASSETS_MAX) {
        result = fault_set(fault, RESULT_TOO_BIG, "%s: the console's files are too many or too large", path);
        goto out;
    }
    bytes = mem_alloc(count + 1);
    if (read_whole(fd, bytes, count) != RESULT_OK) {
        fault_set(fault, result, "%s: cannot be read", path);
        goto out;
    }
    struct asset *asset = &assets->items[assets->count++];
    snprintf(asset->path, sizeof asset->path, "%s", path);
    asset->type = type_of(path);
    asset->bytes = bytes;
    asset->count = count;
    bytes = NULL;
    uint8_t digest[SHA256_BYTES];
    char hex[17];
    sha256(asset->bytes, count, digest);
    hex_encode(digest, 8, hex);
    snprintf(asset->etag, sizeof asset->etag, "\"%s\"", hex);
    assets->bytes += count;
    result = RESULT_OK;
out:
    free(bytes);
    close(fd);
    return result;
}

static enum result add_folder(struct assets *assets, int dir_fd, const char *path, int depth, struct fault *fault) {
    DIR *dir = fdopendir(dir_fd);
    if (dir == NULL) {
        close(dir_fd);
        return fault_set(fault, RESULT_IO, "%s/: %s", path, strerror(errno));
    }
    enum result result = RESULT_OK;
    for (struct dirent *entry; result == RESULT_OK && (entry = readdir(dir)) != NULL;) {
        char name[ASSET_PATH_BYTES + 1];
        int chars = snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] == '.' || chars > ASSET_PATH_BYTES) {
            continue;
        }
        int fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        struct stat st;
        if (fd < 0 || fstat(fd, &st) != 0 || !(S_ISREG(st.st_mode) || (S_ISDIR(st.st_mode) && depth > 0))) {
            if (fd >= 0) {
                close(fd);
            }
            continue; /* a link, a device, too deep: not ours to serve */
        }
        result =
            S_ISDIR(st.st_mode) ? add_folder(assets, fd, name, depth - 1, fault) : add_file(assets, fd, name, fault);
    }
    closedir(dir);
    return result;
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct asset *)a)->path, ((const struct asset *)b)->path);
}

static const struct asset *find(const struct assets *assets, const char *path) {
    struct asset key;
    if (assets->count == 0 || strlen(path) > ASSET_PATH_BYTES) {
        return NULL;
    }
    snprintf(key.path, sizeof key.path, "%s", path);
    return bsearch(&key, assets->items, assets->count, sizeof key, by_path);
}

enum result assets_load(const char *dir, struct assets **out, struct fault *fault) {
    struct assets *assets = mem_alloc(sizeof *assets);
    enum result result = RESULT_OK;
    if (dir != NULL) {
        assets->items = mem_alloc(ASSETS_MAX * sizeof *assets->items);
        int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        result = fd < 0 ? fault_set(fault, RESULT_NOT_FOUND, "console folder %s: %s", dir, strerror(errno))
                        : add_folder(assets, fd, "", 4, fault);
    }
    if (result != RESULT_OK) {
        assets_free(assets);
        return result;
    }
    if (assets->count > 0) {
        assets->items = mem_realloc(assets->items, assets->count * sizeof *assets->items);
        qsort(assets->items, assets->count, sizeof *assets->items, by_path);
    }
    for (size_t i = 0; i < assets->count; i++) {
        char zipped[ASSET_PATH_BYTES + 8];
        snprintf(zipped, sizeof zipped, "%s.gz", assets->items[i].path);
        assets->items[i].zipped = find(assets, zipped);
    }
    *out = assets;
    return RESULT_OK;
}

void assets_free(struct assets *assets) {
    if (assets == NULL) {
        return;
    }
    for (size_t i = 0; i < assets->count; i++) {
        free(assets->items[i].bytes);
    }
    free(assets->items);
    free(assets);
}

size_t assets_count(const struct assets *assets) {
    return assets->count;
}

/* Does the client hold this version? A list of tags, weak or not, or "*". */
static bool has_etag(const char *if_none_match, const char *etag) {
    return if_none_match != NULL && (strcmp(if_none_match, "*") == 0 || strstr(if_none_match, etag) != NULL);
}

struct response *asset_response(const struct assets *assets, const struct asset_request *request) {
    const struct asset *asset = find(assets, strcmp(request->path, "/") == 0 ? "/index.html" : request->path);
    const char *last_part = strrchr(request->path, '/');
    if (asset == NULL && last_part != NULL && strchr(last_part, '.') == NULL) {
        char page[REQUEST_PATH_ROOM];
        snprintf(page, sizeof page, "%s%sindex.html", request->path, last_part[1] == '\0' ? "" : "/");
        asset = find(assets, page);
    }
    if (asset == NULL && request->takes_html && last_part != NULL && strchr(last_part, '.') == NULL) {
        asset = find(assets, "/index.html");
    }
    struct response *response = response_new(200);
    if (asset == NULL) {
        response_problem(response, 404, "not_found", "there is nothing at this address");
        return response;
    }
    bool is_zipped = asset->zipped != NULL && request->takes_gzip;
    const struct asset *sent = is_zipped ? asset->zipped : asset;
    snprintf(response->etag, sizeof response->etag, "%s", sent->etag);
    response->is_page = true;
    response->varies = asset->zipped != NULL;
    response->cache = strncmp(asset->path, "/assets/", 8) == 0 ? "public, max-age=31536000, immutable" : "no-cache";
    if (has_etag(request->if_none_match, sent->etag)) {
        response->status = 304;
        return response;
    }
    response->type = asset->type;
    response->is_gzip = is_zipped;
    response->kept = sent->bytes;
    response->kept_bytes = sent->count;
    return response;
}

bool accepts_gzip(const char *header) {
    for (const char *at = header; at != NULL && *at != '\0';) {
        at += strspn(at, " \t,");
        size_t item = strcspn(at, ",");
        size_t name = strcspn(at, " \t;,");
        if (name == 4 && strncasecmp(at, "gzip", 4) == 0) {
            const char *q = memmem(at, item, "q=", 2);
            if (q == NULL) {
                return true;
            }
            size_t digits = strspn(q + 2, "0.");
            return q[2 + digits] >= '1' && q[2 + digits] <= '9';
        }
        at += item;
    }
    return false;
}
