/* The console's files: what is served, as what, and that nothing outside is. */
#include "web/asset.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64], dir[96];
static struct assets *assets;

static void write_file(const char *name, const char *text) {
    char path[200];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void setup(void) {
    char path[200], link_to[200];
    strcpy(root, "/tmp/fieldline-asset-XXXXXX");
    cr_assert_not_null(mkdtemp(root));
    snprintf(dir, sizeof dir, "%s/console", root);
    cr_assert_eq(mkdir(dir, 0700), 0);
    snprintf(path, sizeof path, "%s/assets", dir);
    cr_assert_eq(mkdir(path, 0700), 0);
    write_file("secret.txt", "secret");
    write_file("console/index.html", "<html>");
    snprintf(path, sizeof path, "%s/owner", dir);
    cr_assert_eq(mkdir(path, 0700), 0);
    write_file("console/owner/index.html", "<owner>");
    write_file("console/assets/main-AB.js", "let a");
    write_file("console/assets/main-AB.js.gz", "zipped");
    write_file("console/.hidden", "hidden");
    snprintf(link_to, sizeof link_to, "%s/secret.txt", root);
    snprintf(path, sizeof path, "%s/link.txt", dir);
    cr_assert_eq(symlink(link_to, path), 0);
    cr_assert_eq(assets_load(dir, &assets, NULL), RESULT_OK);
}

static void teardown(void) {
    char command[200];
    assets_free(assets);
    snprintf(command, sizeof command, "rm -rf %s", root);
    cr_assert_eq(system(command), 0);
}
TestSuite(asset, .init = setup, .fini = teardown);

static const struct {
    const char *what;
    struct asset_request request;
    int status;
    const char *body, *type;
} rows[] = {
    {"the page", {"/", NULL, false, true}, 200, "<html>", "text/html; charset=utf-8"},
    {"by its name", {"/index.html", NULL, true, false}, 200, "<html>", "text/html; charset=utf-8"},
    {"a script", {"/assets/main-AB.js", NULL, false, false}, 200, "let a", "text/javascript; charset=utf-8"},
    {"the script, compressed",
     {"/assets/main-AB.js", NULL, true, false},
     200,
     "zipped",
     "text/javascript; charset=utf-8"},
    {"a page of the client", {"/tickets/7", NULL, false, true}, 200, "<html>", "text/html; charset=utf-8"},
    {"a folder's page", {"/owner/", NULL, false, true}, 200, "<owner>", "text/html; charset=utf-8"},
    {"without its slash", {"/owner", NULL, false, false}, 200, "<owner>", "text/html; charset=utf-8"},
    {"not for a program", {"/tickets/7", NULL, false, false}, 404, NULL, NULL},
    {"a missing script is no page", {"/assets/gone.js", NULL, false, true}, 404, NULL, NULL},
    {"a folder", {"/assets", NULL, false, false}, 404, NULL, NULL},
    {"a hidden file", {"/.hidden", NULL, false, true}, 404, NULL, NULL},
    {"a link out of the folder", {"/link.txt", NULL, false, true}, 404, NULL, NULL},
    {"up", {"/../secret.txt", NULL, false, true}, 404, NULL, NULL},
    {"up from below", {"/assets/../../secret.txt", NULL, false, true}, 404, NULL, NULL},
    {"up, encoded once more", {"/..%2fsecret.txt", NULL, false, true}, 404, NULL, NULL},
    {"an absolute path", {"//etc/passwd.x", NULL, false, true}, 404, NULL, NULL},
    {"dots inside", {"/assets/./main-AB.js", NULL, false, true}, 404, NULL, NULL},
    {"backslashes", {"/..\\secret.txt", NULL, false, true}, 404, NULL, NULL},
};

Test(asset, rows) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct response *response = asset_response(assets, &rows[i].request);
        cr_expect_eq(response->status, rows[i].status, "%s: %d", rows[i].what, response->status);
        if (rows[i].body != NULL && response->status == 200) {
            cr_expect_eq(response->kept_bytes, strlen(rows[i].body), "%s", rows[i].what);
            cr_expect_eq(memcmp(response->kept, rows[i].body, response->kept_bytes), 0, "%s", rows[i].what);
            cr_expect_str_eq(response->type, rows[i].type, "%s", rows[i].what);
            cr_expect(response->is_page);
        }
        response_free(response);
    }
}

Test(asset, is_not_sent_twice) {
    struct asset_request request = {.path = "/assets/main-AB.js"};
    struct response *first = asset_response(assets, &request);
    cr_expect_str_eq(first->cache, "public, max-age=31536000, immutable");
    cr_expect(first->varies && !first->is_gzip);
    request.if_none_match = first->etag;
    struct response *second = asset_response(assets, &request);
    cr_expect_eq(second->status, 304);
    cr_expect_str_eq(second->etag, first->etag);
    request.takes_gzip = true;
    struct response *zipped = asset_response(assets, &request);
    cr_expect_eq(zipped->status, 200, "the compressed form is another version");
    cr_expect(zipped->is_gzip);
    struct response *page = asset_response(assets, &(struct asset_request){.path = "/"});
    cr_expect_str_eq(page->cache, "no-cache");
    response_free(first);
    response_free(second);
    response_free(zipped);
    response_free(page);
}

Test(asset, a_missing_folder_is_an_error_with_its_name) {
    struct assets *none = NULL;
    struct fault fault = {""};
    cr_expect_eq(assets_load("/nonexistent/console", &none, &fault), RESULT_NOT_FOUND);
    cr_expect_not_null(strstr(fault.text, "/nonexistent/console"));
    cr_expect_null(none);
    cr_assert_eq(assets_load(NULL, &none, &fault), RESULT_OK);
    cr_expect_eq(assets_count(none), 0);
    struct response *response = asset_response(none, &(struct asset_request){.path = "/", .takes_html = true});
    cr_expect_eq(response->status, 404);
    response_free(response);
    assets_free(none);
}

Test(asset, accept_encoding) {
    static const struct {
        const char *header;
        bool takes;
    } cases[] = {{"gzip", true},
                 {"br, gzip;q=0.8", true},
                 {"gzip, deflate, br", true},
                 {"GZIP", true},
                 {"gzip;q=0", false},
                 {"gzip;q=0.0, br", false},
                 {"br", false},
                 {"", false},
                 {"xgzip, br", false},
                 {"identity", false},
                 {"gzip;q=0.001", true},
                 {"?", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(accepts_gzip(cases[i].header), cases[i].takes, "%s", cases[i].header);
    }
}
