/* Small whole files. */
#include "file.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

static void set_up(void) {
    scratch_make();
}
TestSuite(file, .init = set_up, .fini = scratch_remove);

Test(file, replaced_and_read) {
    struct buf b;
    struct stat st;
    struct fault fault = {""};
    buf_init(&b, 100000);
    cr_assert_eq(file_replace(scratch_path("f"), "one", 3, 0640, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(file_replace(scratch_path("f"), "two!", 4, 0640, &fault), RESULT_OK);
    cr_assert_eq(file_read(scratch_path("f"), &b, &fault), RESULT_OK);
    cr_expect_str_eq(buf_text(&b), "two!");
    cr_assert_eq(stat(scratch_path("f"), &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0640, "whatever the umask is");
    cr_expect_neq(access(scratch_path("f.new"), F_OK), 0, "nothing is left beside it");
    buf_fini(&b);
}

/* What is configured elsewhere reads these files: it must be able to go on. */
Test(file, what_is_replaced_keeps_its_owner_and_its_link) {
    struct buf b;
    struct stat st;
    struct fault fault = {""};
    buf_init(&b, 100);
    scratch_write("real", "old");
    cr_assert_eq(chmod(scratch_path("real"), 0604), 0);
    cr_assert(geteuid() != 0 || chown(scratch_path("real"), 65534, 65533) == 0);
    cr_assert_eq(symlink("real", scratch_path("link")), 0);
    cr_assert_eq(file_replace_synced(scratch_path("link"), "new", 3, 0640, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(lstat(scratch_path("link"), &st), 0);
    cr_expect(S_ISLNK(st.st_mode));
    cr_assert_eq(lstat(scratch_path("real"), &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0604);
    cr_expect(geteuid() != 0 || (st.st_uid == 65534 && st.st_gid == 65533));
    cr_assert_eq(file_read(scratch_path("real"), &b, &fault), RESULT_OK);
    cr_expect_str_eq(buf_text(&b), "new");
    cr_assert_eq(file_replace_synced(scratch_path("none"), "new", 3, 0640, &fault), RESULT_OK);
    cr_assert_eq(symlink("nowhere", scratch_path("dangling")), 0);
    cr_expect_eq(file_replace_synced(scratch_path("dangling"), "new", 3, 0640, &fault), RESULT_IO);
    if (geteuid() == 0) { /* not root any more: the file cannot be given back, and stays */
        cr_assert_eq(chmod(scratch_path("."), 0777), 0);
        cr_assert_eq(seteuid(65532), 0);
        cr_expect_eq(file_replace_synced(scratch_path("real"), "mine", 4, 0640, &fault), RESULT_IO);
        cr_expect_not_null(strstr(fault.text, "the owner of"), "%s", fault.text);
        cr_assert_eq(seteuid(0), 0);
        cr_assert_eq(stat(scratch_path("real"), &st), 0);
        cr_expect(st.st_uid == 65534 && st.st_size == 3);
        cr_expect_neq(access(scratch_path("real.new"), F_OK), 0, "nothing is left beside it");
    }
    buf_fini(&b);
}

Test(file, refusals) {
    struct buf b;
    struct fault fault = {""};
    buf_init(&b, 3);
    cr_expect_eq(file_read(scratch_path("none"), &b, &fault), RESULT_NOT_FOUND);
    scratch_write("f", "four");
    cr_expect_eq(file_read(scratch_path("f"), &b, &fault), RESULT_TOO_BIG);
    cr_expect_eq(file_replace(scratch_path("no/f"), "x", 1, 0600, &fault), RESULT_IO);
    cr_expect_not_null(strstr(fault.text, "No such file"), "%s", fault.text);
    cr_expect_eq(file_read(scratch_path(""), &b, &fault), RESULT_IO, "a folder");
    cr_expect_eq(file_make_folder(scratch_path("new"), &fault), RESULT_OK);
    cr_expect_eq(file_make_folder(scratch_path("new"), &fault), RESULT_OK, "already there");
    cr_expect_eq(file_make_folder(scratch_path("f"), &fault), RESULT_IO, "a file");
    cr_expect_eq(file_make_folder(scratch_path("a/b"), &fault), RESULT_IO, "no parent");
    buf_fini(&b);
}
