/* The journal of a change: what is written is read; one changed byte anywhere is noticed; who holds the lock is alone.
 */
#include "param_journal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "scratch.h"

static struct param_journal sample(void) {
    struct param_journal j = {.state = PARAM_OPEN,
                              .change = "11111111-1111-4111-8111-111111111111",
                              .session = "22222222-2222-4222-8222-222222222222",
                              .by = "ann",
                              .pid = 77,
                              .due_since_boot_ms = 5,
                              .due_wall_ms = 6,
                              .count = 3};
    clock_boot_id(j.boot);
    strcpy(j.values[0].name, "setpoint");
    j.values[0].before = (struct parameter_value){.type = PARAMETER_NUMBER, .number = -20.25};
    j.values[0].after = (struct parameter_value){.type = PARAMETER_NUMBER, .number = -22};
    strcpy(j.values[1].name, "mode");
    j.values[1].before = (struct parameter_value){.type = PARAMETER_ENUM, .text = "e\"co"};
    j.values[1].after = (struct parameter_value){.type = PARAMETER_ENUM, .text = "\u5feb"};
    strcpy(j.values[2].name, "lock");
    j.values[2].before = (struct parameter_value){.type = PARAMETER_BOOL, .number = 1};
    j.values[2].after = (struct parameter_value){.type = PARAMETER_BOOL, .number = 0};
    return j;
}

Test(param_journal, what_is_written_is_read) {
    struct param_journal was = sample(), is;
    struct fault fault = {""};
    const char *folder = scratch_make();
    cr_assert_eq(param_journal_read(folder, &is, &fault), RESULT_NOT_FOUND);
    cr_assert_not(param_journal_is_there(folder));
    for (int state = 0; state < PARAM_STATES; state++) {
        was.state = (enum param_state)state;
        cr_assert_eq(param_journal_write(folder, &was, &fault), RESULT_OK, "%s", fault.text);
        cr_assert_eq(param_journal_read(folder, &is, &fault), RESULT_OK, "%s", fault.text);
        cr_assert_eq(is.state, was.state);
        cr_assert_eq(is.count, 3);
        cr_assert_str_eq(is.change, was.change);
        cr_assert_str_eq(is.by, "ann");
        cr_assert_eq(is.pid, 77);
        for (size_t i = 0; i < 3; i++) {
            cr_assert_str_eq(is.values[i].name, was.values[i].name);
            cr_assert(parameter_value_equal(&is.values[i].before, &was.values[i].before));
            cr_assert(parameter_value_equal(&is.values[i].after, &was.values[i].after));
        }
    }
    cr_assert_eq(param_journal_remove(folder, &fault), RESULT_OK);
    cr_assert_eq(param_journal_remove(folder, &fault), RESULT_OK, "nothing to remove is fine");
    cr_assert_not(param_journal_is_there(folder));
    scratch_remove();
}

/* Old values that were changed on the disk must never reach a product. */
Test(param_journal, every_changed_byte_is_noticed) {
    struct param_journal journal = sample(), is;
    struct buf text;
    struct fault fault;
    buf_init(&text, PARAM_JOURNAL_BYTES);
    param_journal_encode(&journal, &text);
    cr_assert_eq(param_journal_decode(text.data, text.count, &is, &fault), RESULT_OK);
    for (size_t i = 0; i < text.count; i++) {
        for (int bit = 0; bit < 8; bit++) {
            text.data[i] ^= (uint8_t)(1 << bit);
            cr_assert_eq(param_journal_decode(text.data, text.count, &is, &fault), RESULT_CORRUPT, "byte %zu bit %d", i,
                         bit);
            text.data[i] ^= (uint8_t)(1 << bit);
        }
        cr_assert_eq(param_journal_decode(text.data, i, &is, &fault), RESULT_CORRUPT, "cut at %zu", i);
    }
    buf_fini(&text);
}

/* A whole text with a right checksum that means nothing. */
Test(param_journal, nonsense) {
    static const char *const rows[] = {"", "{}", "[]", "{\"state\":\"open\"}", "null"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct param_journal is;
        struct fault fault;
        uint8_t digest[SHA256_BYTES];
        char hex[SHA256_HEX_BYTES], text[300];
        sha256(rows[i], strlen(rows[i]), digest);
        hex_encode(digest, sizeof digest, hex);
        int chars = snprintf(text, sizeof text, "%s\n%s\n", rows[i], hex);
        cr_assert_eq(param_journal_decode(text, (size_t)chars, &is, &fault), RESULT_CORRUPT, "'%s'", rows[i]);
    }
}

Test(param_journal, one_owner_and_a_dead_one_is_none) {
    const char *folder = scratch_make();
    struct fault fault;
    int lock, again, ready[2];
    cr_assert_eq(param_lock(folder, &lock, &fault), RESULT_OK);
    cr_assert_eq(param_lock(folder, &again, &fault), RESULT_BUSY);
    close(lock);
    cr_assert_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        char byte = param_lock(folder, &lock, &fault) == RESULT_OK ? 'y' : 'n';
        if (write(ready[1], &byte, 1) != 1) {
            _exit(1);
        }
        pause();
        _exit(0);
    }
    char byte = '?';
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_assert_eq(byte, 'y');
    cr_assert_eq(param_lock(folder, &again, &fault), RESULT_BUSY);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    cr_assert_eq(param_lock(folder, &again, &fault), RESULT_OK);
    close(again);
    scratch_remove();
}

Test(param_journal, overdue) {
    struct param_journal j = sample();
    j.due_since_boot_ms = clock_since_boot_ms() + 10000;
    j.due_wall_ms = 1;
    cr_assert_not(param_journal_is_overdue(&j, 0), "this boot: its own clock, whatever the wall says");
    j.due_since_boot_ms = clock_since_boot_ms() - 1000;
    cr_assert(param_journal_is_overdue(&j, 0));
    cr_assert_not(param_journal_is_overdue(&j, 5000));
    strcpy(j.boot, "33333333-3333-4333-8333-333333333333");
    cr_assert(param_journal_is_overdue(&j, 0), "another boot: the wall's");
    j.due_wall_ms = clock_wall_ms() + 10000;
    cr_assert_not(param_journal_is_overdue(&j, 0));
}
