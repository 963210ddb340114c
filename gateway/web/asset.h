/* The console's files, read once at the start and served from memory: a path from outside is looked up in a table and
 * never reaches the file system, so nothing outside the folder can be served. */
#pragma once
#include "web/response.h"

enum {
    ASSETS_MAX = 2000,
    ASSET_BYTES = 16 * 1024 * 1024,  /* one file */
    ASSETS_BYTES = 64 * 1024 * 1024, /* all of them */
    ASSET_PATH_BYTES = 255
};
struct assets;
/* `dir` NULL: an empty table. Symbolic links and files whose name begins with a dot are left out; X.gz beside X is its
 * compressed form. */
FL_CHECK enum result assets_load(const char *dir, struct assets **out, struct fault *fault);
void assets_free(struct assets *assets);
size_t assets_count(const struct assets *assets);

struct asset_request {
    const char *path;          /* decoded, begins with a slash */
    const char *if_none_match; /* NULL: none */
    bool takes_gzip, takes_html;
};
/* The file, or the folder's index.html; 304 when the client has it; index.html for a path without a file that looks
 * like one of the console's pages (no dot in its last part, and the client takes HTML); otherwise a 404 problem. */
struct response *asset_response(const struct assets *assets, const struct asset_request *request);
/* Is gzip in an Accept-Encoding header (and not with q=0)? */
bool accepts_gzip(const char *header);
