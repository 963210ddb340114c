/* Search in what recorded sessions showed, and the report of one session (openapi.yaml: /sessions/search,
 * /sessions/{id}/report). Reader threads; see read.h.
 *
 * What somebody may see is a row here and not only the route's: the kinds of lines that the role may read are part of
 * the query. An excerpt is a list of pieces, of which some are marked: nothing in it is markup, so nothing that a
 * product printed can become any. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "sessions/redact.h"
#include "store/session_lines.h"
#include "web/read.h"

enum { EXCERPT_BYTES = 240, MARK_WORDS = 16 };
#define EVERY_KIND ((1u << LINE_KIND_COUNT) - 1)

/* An owner reads the report; what was typed and shown is for the people of the service. */
static const struct {
    enum role role;
    uint32_t kinds;
} allowed[] = {{ROLE_SUPPORT, EVERY_KIND},
               {ROLE_ENGINEER, EVERY_KIND},
               {ROLE_SUPERVISOR, EVERY_KIND},
               {ROLE_ADMINISTRATOR, EVERY_KIND},
               {ROLE_AUDITOR, EVERY_KIND}};

static uint32_t allowed_kinds(enum role role) {
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (allowed[i].role == role) {
            return allowed[i].kinds;
        }
    }
    return 0;
}

/* ---- excerpts ---------------------------------------------------------------------------------------------------- */

struct word {
    const char *text;
    size_t chars;
};
struct words {
    struct word word[MARK_WORDS];
    size_t count;
};

static void split(const char *q, struct words *out) {
    static const char spaces[] = " \t\r\n\"";
    out->count = 0;
    for (q += strspn(q, spaces); *q != '\0' && out->count < MARK_WORDS; q += strspn(q, spaces)) {
        size_t chars = strcspn(q, spaces);
        out->word[out->count++] = (struct word){q, chars};
        q += chars;
    }
}

/* Bytes of a wanted word that begins here; 0: none does. A word begins after something that is no letter or digit. */
static size_t match_at(const struct words *words, const char *text, size_t at) {
    unsigned char before = at == 0 ? ' ' : (unsigned char)text[at - 1];
    for (size_t i = 0; i < words->count; i++) {
        bool is_free = !isalnum(before) || (unsigned char)words->word[i].text[0] >= 0x80;
        if (is_free && strncasecmp(text + at, words->word[i].text, words->word[i].chars) == 0) {
            return words->word[i].chars;
        }
    }
    return 0;
}

static size_t first_match(const struct words *words, const char *text) {
    for (size_t at = 0; text[at] != '\0'; at++) {
        if (match_at(words, text, at) > 0) {
            return at;
        }
    }
    return 0;
}

static void piece(struct json_out *j, const char *text, size_t chars, bool is_hit) {
    if (chars > 0) {
        jo_object(j, NULL);
        jo_strn(j, "text", text, chars);
        jo_bool(j, "hit", is_hit);
        jo_end(j);
    }
}

static void print_excerpt(const struct words *words, const char *text, struct json_out *j) {
    size_t first = first_match(words, text), from = first > EXCERPT_BYTES / 3 ? first - EXCERPT_BYTES / 3 : 0;
    from = from == 0 ? 0 : utf8_cut(text, from);
    size_t whole = strlen(text + from);
    size_t end = from + (whole > EXCERPT_BYTES ? utf8_cut(text + from, EXCERPT_BYTES) : whole);
    size_t plain = from;
    jo_array(j, "excerpt");
    piece(j, "…", from > 0 ? strlen("…") : 0, false);
    for (size_t at = from; at < end;) {
        size_t chars = match_at(words, text, at);
        if (chars == 0 || at + chars > end) {
            at++;
            continue;
        }
        piece(j, text + plain, at - plain, false);
        piece(j, text + at, chars, true);
        plain = at += chars;
    }
    piece(j, text + plain, end - plain, false);
    piece(j, "…", text[end] != '\0' ? strlen("…") : 0, false);
    jo_end(j);
}

/* ---- search ------------------------------------------------------------------------------------------------------ */

struct answer {
    struct json_out j;
    const struct mask *mask;
    struct words words;
};

static void list_hit(void *self, const struct line_hit *hit) {
    struct answer *a = self;
    struct buf text;
    buf_init(&text, 16 * LINE_TEXT_BYTES);
    redact_text(a->mask, hit->line.text, &text);
    jo_object(&a->j, NULL);
    jo_int(&a->j, "id", hit->id);
    jo_str(&a->j, "session", hit->session);
    jo_str(&a->j, "device", hit->device);
    jo_int(&a->j, "ticket", hit->ticket);
    jo_int(&a->j, "at_ms", hit->at_ms);
    jo_int(&a->j, "t_ms", hit->line.t_ms);
    jo_int(&a->j, "n", (int64_t)hit->line.n);
    jo_str(&a->j, "author", hit->line.by);
    jo_str(&a->j, "kind", line_kind_name(hit->line.kind));
    print_excerpt(&a->words, buf_text(&text), &a->j);
    jo_end(&a->j);
    buf_fini(&text);
}

static enum result search_arguments(const struct read *read, struct line_query *out, struct fault *fault) {
    const struct query *query = &read->request->query;
    const char *kind = query_text(query, "kind");
    enum line_kind one;
    int64_t limit;
    *out = (struct line_query){.q = query_text(query, "q"),
                               .session = query_text(query, "session"),
                               .device = query_text(query, "device"),
                               .author = query_text(query, "author"),
                               .kinds = allowed_kinds(read->by.role)};
    if ((out->q == NULL || out->q[0] == '\0') && out->session == NULL) {
        return fault_set(fault, RESULT_BAD_INPUT, "argument 'q' is missing");
    }
    if (kind != NULL) {
        if (!line_kind_parse(kind, &one)) {
            return fault_set(fault, RESULT_BAD_INPUT, "argument 'kind': there is no kind '%.40s'", kind);
        }
        out->kinds &= 1u << one;
    }
    enum result result = query_integer(query, "from_ms", 0, INT64_MAX / 4, 0, &out->from_ms, fault);
    if (result == RESULT_OK) {
        result = query_integer(query, "to_ms", 0, INT64_MAX / 4, INT64_MAX / 4, &out->to_ms, fault);
    }
    if (result == RESULT_OK) {
        result = query_integer(query, "after", 1, INT64_MAX / 4, 0, &out->after, fault);
    }
    if (result == RESULT_OK) {
        result = query_integer(query, "limit", 1, 200, 50, &limit, fault);
    }
    out->limit = result == RESULT_OK ? (int)limit : 0;
    return result;
}

void read_session_lines(struct read *read, struct response *response) {
    struct line_query wanted;
    struct fault fault;
    struct answer answer = {.mask = read->options->mask};
    int64_t next = 0;
    enum result result = search_arguments(read, &wanted, &fault);
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    split(wanted.q == NULL ? "" : wanted.q, &answer.words);
    answer.j = read_json(response);
    jo_object(&answer.j, NULL);
    jo_array(&answer.j, "items");
    if (read_failed(read, response, reader_lines(read->reader, &wanted, list_hit, &answer, &next), "search")) {
        return;
    }
    jo_end(&answer.j);
    if (next == 0) {
        jo_null(&answer.j, "next");
    } else {
        jo_int(&answer.j, "next", next);
    }
    jo_end(&answer.j);
}

/* ---- the report -------------------------------------------------------------------------------------------------- */

static void print_report(void *self, const char *session, const char *markdown, const char *digest, int64_t at_ms) {
    struct json_out *j = self;
    jo_str(j, "session", session);
    jo_str(j, "markdown", markdown);
    jo_str(j, "digest", digest);
    jo_int(j, "at_ms", at_ms);
}

static void print_finding(void *self, const struct finding *finding) {
    struct answer *a = self;
    struct json_out *j = &a->j;
    struct buf text;
    buf_init(&text, 2 * FINDING_BYTES);
    redact_text(a->mask, finding->text, &text);
    jo_object(j, NULL);
    jo_int(j, "at_ms", finding->at_ms);
    jo_str(j, "by", finding->by);
    jo_str(j, "text", buf_text(&text));
    jo_end(j);
    buf_fini(&text);
}

void read_session_report(struct read *read, struct response *response) {
    struct answer a = {.j = read_json(response), .mask = read->options->mask};
    jo_object(&a.j, NULL);
    enum result result = reader_begin(read->reader);
    if (result == RESULT_OK) {
        result = reader_session_report(read->reader, read->request->id, print_report, &a.j);
        jo_array(&a.j, "findings");
        if (result == RESULT_OK) {
            result = reader_findings(read->reader, read->request->id, print_finding, &a);
        }
        jo_end(&a.j);
        reader_end(read->reader);
    }
    if (!read_failed(read, response, result, "report")) {
        jo_end(&a.j);
    }
}
