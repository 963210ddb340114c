/* Evidence bundles: what is in them, that they verify alone, and that no byte of them can change. */
#include "sessions/dossier.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sessions/zip.h"
#include "stage.h"

struct packed {
    struct stage s;
    struct session row;
    struct mask *mask;
    struct vault *vault;
    struct dossier_options options;
    char path[128], player[128], seal_key[128];
};

static void put_file(const char *path, const void *bytes, size_t count) {
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

static void pack(struct packed *p, bool is_encrypted) {
    struct fault fault = {""};
    char master[128];
    int64_t bytes = 0;
    *p = (struct packed){0};
    stage_open(&p->s);
    snprintf(master, sizeof master, "%s/master.key", p->s.dir);
    cr_assert_eq(vault_make_master(master, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(vault_open(master, NULL, &p->vault, &fault), RESULT_OK, "%s", fault.text);
    if (is_encrypted) {
        relay_free(p->s.relay);
        p->s.options.vault = p->vault;
        p->s.relay = relay_new(&p->s.options, p->s.now, 1700000000000);
    }
    stage_session(&p->s);
    cr_assert_eq(mask_new(NULL, &p->mask, &fault), RESULT_OK, "%s", fault.text);
    memcpy(p->row.id, p->s.options.session, sizeof p->row.id);
    snprintf(p->path, sizeof p->path, "%s/evidence.zip", p->s.dir);
    snprintf(p->player, sizeof p->player, "%s/player.html", p->s.dir);
    snprintf(p->seal_key, sizeof p->seal_key, "%s/seal.key", p->s.dir);
    static const char page[] = "<script id=evidence>\"EVIDENCE\"</script>";
    put_file(p->player, page, sizeof page - 1);
    p->options = (struct dossier_options){.vault = p->vault,
                                          .mask = p->mask,
                                          .session = &p->row,
                                          .transcript_dir = p->s.dir,
                                          .row = "{\"reason\":\"</script>\"}",
                                          .report = "# Report\n",
                                          .player = p->player,
                                          .seal_key = p->seal_key,
                                          .by = "vera",
                                          .wall_ms = 1700000000000};
    int fd = open(p->path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    cr_assert_eq(dossier_write(&p->options, fd, &bytes, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(lseek(fd, 0, SEEK_END), bytes);
    close(fd);
}

static void unpack(struct packed *p) {
    mask_free(p->mask);
    vault_close(p->vault);
    stage_close(&p->s);
}

static bool holds(const struct packed *p, const char *keys, char why[FAULT_TEXT_BYTES]) {
    struct verdict verdict;
    struct fault fault = {""};
    enum result result = dossier_verify(p->path, keys, &verdict, &fault);
    memcpy(why, result == RESULT_OK ? verdict.text : fault.text, FAULT_TEXT_BYTES);
    return result == RESULT_OK && verdict.is_ok && verdict.is_countersigned;
}

struct names {
    char text[1024];
    struct buf player;
};

static enum result note_name(void *self, const char *name, const struct buf *bytes, struct fault *fault) {
    struct names *names = self;
    (void)fault;
    size_t chars = strlen(names->text);
    snprintf(names->text + chars, sizeof names->text - chars, "%s ",
             strchr(name, '-') != NULL ? name + CAP_UUID_BYTES : name);
    if (strcmp(name, "player.html") == 0) {
        buf_add(&names->player, bytes->data, bytes->count);
    }
    return RESULT_OK;
}

Test(dossier, has_all_that_is_needed_and_verifies_alone) {
    for (int is_encrypted = 0; is_encrypted < 2; is_encrypted++) {
        struct packed p;
        struct names names = {0};
        struct fault fault;
        char why[FAULT_TEXT_BYTES];
        pack(&p, is_encrypted != 0);
        buf_init(&names.player, 1 << 24);
        cr_assert_eq(zip_read(p.path, DOSSIER_BYTES, note_name, &names, &fault), RESULT_OK, "%s", fault.text);
        cr_expect_str_eq(names.text, ".cast .jsonl .seal .heads device.crt seal.pub ca.crt session.json README.txt "
                                     "report.md player.html manifest.json manifest.sig ");
        const char *page = buf_text(&names.player);
        cr_expect_not_null(strstr(page, "\\u003c/script>"), "what was recorded cannot end the script");
        cr_expect_not_null(strstr(page, "\"jsonl\":\"{"));
        buf_fini(&names.player);
        cr_expect(holds(&p, NULL, why), "%s", why);
        cr_expect_not_null(strstr(why, "inside the bundle"), "it says whose keys these were: %s", why);
        cr_expect(holds(&p, p.s.dir, why), "%s", why);
        cr_expect_null(strstr(why, "inside the bundle"));
        unpack(&p);
    }
}

Test(dossier, promise_38_a_thousand_changed_bytes_of_the_zip_are_all_found) {
    struct packed p;
    char why[FAULT_TEXT_BYTES];
    pack(&p, true);
    FILE *file = fopen(p.path, "r");
    char *bytes = malloc(1 << 20);
    size_t count = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    srandom(20261122);
    for (int round = 0; round < 1000; round++) {
        size_t at = (size_t)random() % count;
        char mask = (char)(1 + random() % 255);
        bytes[at] ^= mask;
        put_file(p.path, bytes, count);
        cr_expect_not(holds(&p, round % 2 ? p.s.dir : NULL, why), "byte %zu ^ %02x", at, (unsigned)(uint8_t)mask);
        cr_expect_str_not_empty(why);
        bytes[at] ^= mask;
    }
    for (size_t keep = 0; keep < count; keep += count / 50) {
        put_file(p.path, bytes, keep);
        cr_expect_not(holds(&p, NULL, why), "cut to %zu", keep);
    }
    put_file(p.path, bytes, count);
    bytes[count] = 'x';
    cr_expect(holds(&p, NULL, why), "%s", why);
    put_file(p.path, bytes, count + 1);
    cr_expect_not(holds(&p, NULL, why), "a byte more");
    free(bytes);
    unpack(&p);
}

Test(dossier, another_gateways_key_or_authority_is_refused) {
    struct packed p, other;
    char why[FAULT_TEXT_BYTES];
    pack(&p, false);
    pack(&other, false);
    cr_expect_not(holds(&p, other.s.dir, why));
    cr_expect_str_not_empty(why);
    cr_expect_not(holds(&p, "/nonexistent", why));
    unpack(&p);
    unpack(&other);
}

Test(dossier, what_cannot_be_packed) {
    struct packed p;
    struct fault fault;
    char path[256];
    int64_t bytes;
    pack(&p, true);
    int fd = open(p.path, O_RDWR | O_TRUNC);
    struct dossier_options o = p.options;
    o.player = p.seal_key;
    cr_expect_eq(dossier_write(&o, fd, &bytes, &fault), RESULT_BAD_INPUT, "no player");
    o = p.options;
    o.vault = NULL;
    cr_expect_eq(dossier_write(&o, fd, &bytes, &fault), RESULT_DENIED, "no master key");
    stage_path(&p.s, ".seal", path);
    cr_assert_eq(unlink(path), 0);
    cr_expect_eq(dossier_write(&p.options, fd, &bytes, &fault), RESULT_NOT_FOUND, "it is not sealed");
    close(fd);
    unpack(&p);
}
