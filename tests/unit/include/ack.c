/* Acks there and back, and what is refused. */
#include "fieldline/message.h"

#include <criterion/criterion.h>
#include <string.h>

#define STREAM "0b5c1f3e-9d77-4a3b-8f00-0123456789ab"

Test(ack, it_goes_and_comes_back) {
    const uint64_t seqs[] = {0, 1, 17, 9007199254740992};
    for (size_t i = 0; i < sizeof seqs / sizeof seqs[0]; i++) {
        struct ack_message ack = {.stream = STREAM, .seq = seqs[i]}, back;
        struct buf b;
        buf_init(&b, 200);
        ack_encode(&ack, &b);
        cr_expect_eq(ack_decode(b.data, b.count, &back, NULL), RESULT_OK);
        cr_expect_str_eq(back.stream, STREAM);
        cr_expect_eq(back.seq, seqs[i]);
        buf_fini(&b);
    }
}

Test(ack, others_are_refused) {
    static const char *const rows[] = {"",
                                       "{}",
                                       "[]",
                                       "null",
                                       "{\"stream\":\"" STREAM "\"}",
                                       "{\"seq\":1}",
                                       "{\"stream\":\"x\",\"seq\":1}",
                                       "{\"stream\":\"" STREAM "\",\"seq\":-1}",
                                       "{\"stream\":\"" STREAM "\",\"seq\":1.5}",
                                       "{\"stream\":\"" STREAM "\",\"seq\":\"1\"}",
                                       "{\"stream\":\"" STREAM "\",\"seq\":1,\"seq\":2}",
                                       "{\"stream\":\"" STREAM "\",\"seq\":18446744073709551615}",
                                       "{\"stream\":\"" STREAM "0\",\"seq\":1}"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ack_message ack = {.seq = 99};
        struct fault fault = {""};
        cr_expect_neq(ack_decode(rows[i], strlen(rows[i]), &ack, &fault), RESULT_OK, "%s", rows[i]);
        cr_expect(fault.text[0] != 0 && ack.seq == 99, "%s", rows[i]);
    }
}
