/* Any bytes as JSON, for both parsers, and as a text for the writer. The two parsers must agree, what is printed must
 * print the same again, whatever is quoted must be readable, and every number must be the one that strtod reads. */
#include <stdlib.h>
#include <string.h>

#include "fieldline/json.h"
#include "fieldline/json_pull.h"
#include "fieldline/number.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { OUT_BYTES = 1 << 20 };

static void must(bool is_so) {
    if (!is_so)
        abort();
}

static void check_number(const char *text, size_t count) {
    char copy[512];
    double value;
    if (count >= sizeof copy || !number_double(text, count, &value))
        return;
    memcpy(copy, text, count);
    copy[count] = 0;
    double expected = strtod(copy, NULL);
    must(memcmp(&value, &expected, sizeof value) == 0);
    size_t printed = number_print(value, copy);
    double back;
    must(printed < 32 && number_double(copy, printed, &back) && memcmp(&value, &back, sizeof value) == 0);
}

static bool pull_all(const char *text, size_t count) {
    struct json_pull p;
    json_pull_init(&p, text, count);
    for (;;) {
        char plain[16];
        size_t plain_count;
        enum json_token token = json_pull_next(&p);
        if (token == JSON_NUMBER)
            check_number(p.text, p.text_count);
        if ((token == JSON_STRING || token == JSON_KEY) && json_pull_unescape(&p, plain, sizeof plain, &plain_count))
            must(plain_count <= sizeof plain && plain_count <= p.text_count);
        if (token == JSON_ERROR)
            must(p.error && json_pull_next(&p) == JSON_ERROR);
        if (token == JSON_END || token == JSON_ERROR)
            return token == JSON_END;
    }
}

static void skip_all(const char *text, size_t count) {
    struct json_pull p;
    json_pull_init(&p, text, count);
    bool is_whole = json_pull_skip(&p) && json_pull_next(&p) == JSON_END;
    must(is_whole == pull_all(text, count));
}

static void print_twice(const struct json *root) {
    struct json *again = NULL;
    struct buf first, second;
    buf_init(&first, OUT_BYTES);
    buf_init(&second, OUT_BYTES);
    json_print(root, &first);
    if (!first.overflow) {
        must(json_parse(buf_text(&first), first.count, &again, NULL) == RESULT_OK);
        json_print(again, &second);
        must(first.count == second.count && memcmp(first.data, second.data, first.count) == 0);
        json_free(again);
    }
    buf_fini(&first);
    buf_fini(&second);
}

static void quote(const char *text, size_t count) {
    struct buf quoted;
    buf_init(&quoted, OUT_BYTES);
    json_quote(&quoted, text, count);
    must(quoted.overflow || (utf8_valid(quoted.data, quoted.count) && pull_all(buf_text(&quoted), quoted.count)));
    buf_fini(&quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    const char *text = (const char *)bytes;
    struct json *root = NULL;
    struct fault fault = {""};
    bool is_pulled = pull_all(text, count);
    skip_all(text, count);
    if (json_parse(text, count, &root, &fault) == RESULT_OK) {
        must(is_pulled);
        print_twice(root);
        json_free(root);
    } else {
        must(fault.text[0] != 0);
    }
    quote(text, count);
    must(utf8_cut(bytes, count) <= count);
    return 0;
}
