/* All followed files, and the positions that outlive the agent.
 *
 * Handing lines to the spool and writing down how far we read are two writes, and a kill may fall between them. So the
 * positions are written first, with the number of the spool record that is about to hold the lines: {before, after,
 * seq}. At the next start the spool knows whether it has that record; `after` counts if so, else `before`. Writing
 * after the append would repeat lines, writing a bare position before would lose them; a position inside every spool
 * record would do too, but spends its bytes on every record. Power cuts: the file is not synced, so lines may be
 * repeated (never lost) over the spool's durability interval. Loop thread. */
#include "collect/tail.h"

#include <stdlib.h>
#include <string.h>

#include "collect/followed.h"
#include "fieldline/json.h"
#include "fieldline/log.h"
#include "file.h"

enum { POLL_MS = 500, AGAIN_MS = 5, STATE_BYTES = 256 * 1024 };

struct tail {
    struct loop *loop;
    struct loop_timer timer;
    struct followed *files;
    char *state_path;
    struct wall *wall;
    const struct sink *sink;
};

static bool read_position(const struct json *file, const char *key, struct tail_position *out) {
    const struct json *object = json_get(file, key);
    const char *identity, *head;
    struct tail_position position = {0};
    if (object == NULL || json_string(object, "id", sizeof position.identity - 1, &identity, NULL) != RESULT_OK ||
        json_string(object, "head", sizeof position.head - 1, &head, NULL) != RESULT_OK ||
        json_integer(object, "offset", 0, INT64_MAX, &position.offset, NULL) != RESULT_OK) {
        return false;
    }
    memcpy(position.identity, identity, strlen(identity) + 1);
    memcpy(position.head, head, strlen(head) + 1);
    *out = position;
    return true;
}

/* The entry of one file in the state; identity "" when there is none or it is for another path. */
static struct tail_position find_position(const struct json *root, const struct agent_tail *config,
                                          const struct tail_spool *spool) {
    struct tail_position position = {0};
    const char *stream, *path;
    int64_t seq;
    const struct json *files = json_get(root, "files"), *file = files == NULL ? NULL : json_get(files, config->name);
    if (file == NULL || json_string(root, "stream", CAP_UUID_BYTES, &stream, NULL) != RESULT_OK ||
        json_integer(root, "seq", 0, INT64_MAX, &seq, NULL) != RESULT_OK ||
        json_string(file, "path", STATE_BYTES, &path, NULL) != RESULT_OK || strcmp(path, config->file) != 0) {
        return position;
    }
    /* Another stream: the spool was made anew; what was read before went with the old one. */
    bool is_in_spool = strcmp(stream, spool->stream) != 0 || (uint64_t)seq <= spool->found_seq;
    if (!read_position(file, is_in_spool ? "after" : "before", &position)) {
        position = (struct tail_position){0};
    }
    return position;
}

static struct json *read_state(const char *path) {
    struct json *root = NULL;
    struct fault fault;
    struct buf text;
    buf_init(&text, STATE_BYTES);
    enum result result = file_read(path, &text, &fault);
    if (result == RESULT_OK) {
        result = json_parse(buf_text(&text), text.count, &root, &fault);
    }
    if (result != RESULT_OK && result != RESULT_NOT_FOUND) {
        log_warn("agent.tail", "tail_state_unreadable", "file=%s why=%s", log_text(path), log_text(fault.text));
    }
    buf_fini(&text);
    return root;
}

static void on_timer(void *self) {
    struct tail *tail = self;
    bool has_more = tail_poll(tail);
    loop_arm(tail->loop, &tail->timer, has_more ? AGAIN_MS : POLL_MS, on_timer, tail);
}

struct tail *tail_new(struct loop *loop, const struct agent_tail *files, const char *state_path,
                      const struct tail_spool *spool, struct wall *wall, const struct sink *sink) {
    struct tail *tail = mem_alloc(sizeof *tail);
    *tail = (struct tail){.loop = loop, .state_path = mem_strdup(state_path), .wall = wall, .sink = sink};
    if (files == NULL) {
        return tail;
    }
    struct json *root = read_state(state_path);
    struct followed **last = &tail->files;
    for (const struct agent_tail *config = files; config != NULL; config = config->next) {
        struct tail_position position = root == NULL ? (struct tail_position){0} : find_position(root, config, spool);
        struct followed *f = mem_alloc(sizeof *f);
        followed_init(f, config);
        followed_resume(f, &position);
        *last = f;
        last = &f->next;
    }
    json_free(root);
    loop_arm(loop, &tail->timer, 0, on_timer, tail);
    return tail;
}

void tail_free(struct tail *tail) {
    if (tail == NULL) {
        return;
    }
    loop_disarm(tail->loop, &tail->timer);
    while (tail->files != NULL) {
        struct followed *f = tail->files;
        tail->files = f->next;
        followed_fini(f);
        free(f);
    }
    free(tail->state_path);
    free(tail);
}

bool tail_poll(struct tail *tail) {
    bool has_more = false;
    int64_t now_ms = wall_look(tail->wall).wall_ms;
    for (struct followed *f = tail->files; f != NULL; f = f->next) {
        has_more |= followed_read(f, now_ms, tail->sink);
    }
    return has_more;
}

static void write_position(struct json_out *j, const char *key, const struct tail_position *position) {
    jo_object(j, key);
    jo_str(j, "id", position->identity);
    jo_str(j, "head", position->head);
    jo_int(j, "offset", position->offset);
    jo_end(j);
}

void tail_checkpoint(struct tail *tail, const char *stream, uint64_t seq) {
    struct fault fault;
    struct buf text;
    if (tail->files == NULL) {
        return;
    }
    buf_init(&text, STATE_BYTES);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_str(&j, "stream", stream);
    jo_int(&j, "seq", (int64_t)seq);
    jo_object(&j, "files");
    for (struct followed *f = tail->files; f != NULL; f = f->next) {
        jo_object(&j, f->config->name);
        jo_str(&j, "path", f->config->file);
        followed_mark(f);
        write_position(&j, "before", &f->written);
        write_position(&j, "after", &f->at);
        jo_end(&j);
        f->written = f->at;
    }
    jo_end(&j);
    jo_end(&j);
    if (file_replace(tail->state_path, text.data, text.count, 0600, &fault) != RESULT_OK) {
        log_warn("agent.tail", "tail_state_unwritten", "why=%s", log_text(fault.text));
    }
    buf_fini(&text);
}
