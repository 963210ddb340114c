/* Names of results and the sentences of faults. */
#include "fieldline/result.h"

#include <criterion/criterion.h>
#include <string.h>

Test(result, every_result_has_its_own_name) {
    for (int a = RESULT_OK; a <= RESULT_CORRUPT; a++) {
        cr_expect_str_neq(result_name((enum result)a), "unknown", "result %d has no name", a);
        for (int b = RESULT_OK; b < a; b++)
            cr_expect_str_neq(result_name((enum result)a), result_name((enum result)b));
    }
    cr_expect_str_eq(result_name((enum result)999), "unknown");
}

Test(result, a_fault_returns_its_result_and_keeps_its_sentence) {
    struct fault fault;
    cr_expect_eq(fault_set(&fault, RESULT_DENIED, "door %d is shut", 3), RESULT_DENIED);
    cr_expect_str_eq(fault.text, "door 3 is shut");
    cr_expect_eq(fault_set(NULL, RESULT_IO, "nobody reads this"), RESULT_IO);
}

Test(result, a_prefix_stands_before_the_sentence) {
    struct fault fault;
    (void)fault_set(&fault, RESULT_BAD_INPUT, "'v' is missing");
    fault_prefix(&fault, "record %d", 3);
    cr_expect_str_eq(fault.text, "record 3: 'v' is missing");
    fault_prefix(NULL, "nowhere");
}

Test(result, long_sentences_are_cut_and_terminated) {
    struct fault fault;
    char text[600];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    (void)fault_set(&fault, RESULT_BAD_INPUT, "%s", text);
    cr_expect_eq(strlen(fault.text), FAULT_TEXT_BYTES - 1);
    fault_prefix(&fault, "where");
    cr_expect_eq(strlen(fault.text), FAULT_TEXT_BYTES - 1);
    cr_expect_eq(strncmp(fault.text, "where: xxx", 10), 0);
    fault_prefix(&fault, "%s", text);
    cr_expect_eq(strlen(fault.text), FAULT_TEXT_BYTES - 1);
}
