/* Gathers, packs, sends. In turn and not at once: diagnostics disturb each other and the product. What a program prints
 * is kept as it is, byte for byte, up to the cap of a single diagnostic; the manifest says what is cut, late or left
 * out. The archive is made in memory, because a product that needs help may have no disk left to write to. */
#include "session/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "argv.h"
#include "diagnostic_args.h"
#include "fieldline/clock.h"
#include "fieldline/json.h"
#include "fieldline/log.h"
#include "run.h"
#include "session/diagnose.h"
#include "session/tarball.h"

enum { RESULT_BYTES = CAP_FRAME_BYTES - 1024, NAME_BYTES = 128 };

struct bundle {
    struct loop *loop;
    const struct session_grant *grant;
    const struct bundle_owner *owner;
    void *self;
    struct stream *stream; /* NULL: closed */
    struct run *run;
    struct loop_timer step;
    size_t next; /* row of the grant */
    int64_t begun_mono_ms, begun_wall_ms;
    struct tarball *tarball;
    struct buf results; /* members of a JSON array */
    char name[NAME_BYTES];
    struct buf packed;
    size_t sent;
    char sha256[SHA256_HEX_BYTES];
    bool is_ready;
};

static void bundle_free(struct bundle *b) {
    const struct bundle_owner *owner = b->owner;
    void *self = b->self;
    run_cancel(b->run);
    loop_disarm(b->loop, &b->step);
    tarball_free(b->tarball);
    buf_fini(&b->results);
    buf_fini(&b->packed);
    free(b);
    owner->over(self);
}

static void fail(struct bundle *b, const char *why) {
    struct stream *stream = b->stream;
    b->stream = NULL;
    b->owner->failed(b->self, why);
    if (stream != NULL) {
        stream_close(stream, "failed", NULL);
    }
    bundle_free(b);
}

/* ---- gathering --------------------------------------------------------------------------------------------------- */

struct line {
    const char *name, *file, *left_out; /* left_out NULL: it ran */
    const struct run_outcome *outcome;
};

static void add_line(struct bundle *b, const struct line *line) {
    struct buf text;
    buf_init(&text, 1024);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_str(&j, "name", line->name);
    if (line->left_out != NULL) {
        jo_str(&j, "left_out", line->left_out);
    } else {
        jo_str(&j, "file", line->file);
        jo_int(&j, "exit", line->outcome->status);
        jo_bool(&j, "truncated", line->outcome->is_cut);
        jo_bool(&j, "timed_out", line->outcome->is_late);
        jo_int(&j, "took_ms", line->outcome->took_ms);
        jo_int(&j, "bytes", (int64_t)line->outcome->output_count);
    }
    jo_end(&j);
    buf_printf(&b->results, "%s%s", b->results.count > 0 ? "," : "", buf_text(&text));
    buf_fini(&text);
}

static void on_step(void *self);

static void on_done(void *self, const struct run_outcome *outcome) {
    struct bundle *b = self;
    const struct session_diagnostic *row = &b->grant->diagnostics[b->next - 1];
    char file[CAP_CODE_BYTES + 8];
    struct fault fault;
    b->run = NULL;
    snprintf(file, sizeof file, "%s.txt", row->name);
    struct line line = {.name = row->name, .file = file, .outcome = outcome};
    if (tarball_add(b->tarball, file, outcome->output, outcome->output_count, &fault) != RESULT_OK) {
        line.left_out = "no_room";
    }
    add_line(b, &line);
    loop_arm(b->loop, &b->step, 0, on_step, b);
}

static enum result run_row(struct bundle *b, const struct session_diagnostic *row, struct fault *fault) {
    struct diagnostic_args args;
    char **argv = NULL;
    enum result result = diagnostic_args_parse(row->args != NULL ? row->args : "", &args, fault);
    if (result == RESULT_OK) {
        result = diagnostic_args_bind(&args, row->argv, NULL, &argv, fault);
    }
    diagnostic_args_fini(&args);
    if (result == RESULT_OK) {
        int64_t left_ms = BUNDLE_MS - (clock_mono_ms() - b->begun_mono_ms);
        struct run_options options = {.argv = argv,
                                      .env = diagnose_environment(),
                                      .joins_stderr = true,
                                      .output_cap_bytes = CAP_DIAGNOSTIC_OUTPUT_BYTES,
                                      .limit_ms = row->limit_ms < left_ms ? row->limit_ms : left_ms};
        result = run_start(b->loop, &options, on_done, b, &b->run, fault);
        argv_free(argv);
    }
    return result;
}

/* ---- packing ----------------------------------------------------------------------------------------------------- */

static void print_manifest(const struct bundle *b, struct buf *out) {
    char time_text[32];
    clock_print(b->begun_wall_ms, time_text);
    buf_printf(out,
               "{\"format\":\"fieldline.bundle.1\",\"device\":\"%s\",\"session\":\"%s\",\"at\":\"%s\",\"results\":[",
               b->grant->device, b->grant->session, time_text);
    buf_add(out, b->results.data, b->results.count);
    buf_str(out, "]}\n");
}

static bool pack(struct bundle *b) {
    struct buf manifest;
    struct fault fault;
    uint8_t sum[SHA256_BYTES];
    buf_init(&manifest, 64 * 1024);
    print_manifest(b, &manifest);
    bool is_packed = tarball_add(b->tarball, "manifest.json", manifest.data, manifest.count, &fault) == RESULT_OK &&
                     tarball_finish(b->tarball, &b->packed, &fault) == RESULT_OK;
    buf_fini(&manifest);
    if (!is_packed) {
        log_warn("session.bundle", "not_packed", "why=%s", log_text(fault.text));
        return false;
    }
    sha256(b->packed.data, b->packed.count, sum);
    hex_encode(sum, sizeof sum, b->sha256);
    return true;
}

static void tell_ready(struct bundle *b) {
    struct buf text;
    buf_init(&text, CAP_FRAME_BYTES - 128);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_str(&j, "name", b->name);
    jo_int(&j, "size", (int64_t)b->packed.count);
    jo_str(&j, "sha256", b->sha256);
    jo_array(&j, "results");
    jo_raw(&j, NULL, buf_text(&b->results), b->results.count);
    jo_end(&j);
    jo_end(&j);
    b->owner->ready(b->self, buf_text(&text), text.count);
    buf_fini(&text);
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

static void pump(struct bundle *b) {
    size_t left = b->packed.count - b->sent, room = stream_room(b->stream);
    size_t count = left < room ? left : room;
    if (count > 0) {
        stream_send(b->stream, b->packed.data + b->sent, count);
        b->sent += count;
    }
    if (b->sent == b->packed.count) {
        stream_close(b->stream, "done", b->sha256);
        b->stream = NULL;
        bundle_free(b);
    }
}

static void on_step(void *self) {
    struct bundle *b = self;
    struct fault fault;
    while (!b->is_ready && b->next < b->grant->diagnostic_count) {
        const struct session_diagnostic *row = &b->grant->diagnostics[b->next++];
        if (!row->in_bundle) {
            continue;
        }
        bool is_late = clock_mono_ms() - b->begun_mono_ms >= BUNDLE_MS;
        if (!is_late && run_row(b, row, &fault) == RESULT_OK) {
            return; /* on_done goes on */
        }
        add_line(b, &(struct line){.name = row->name, .left_out = is_late ? "no_time" : "not_started"});
    }
    if (!b->is_ready) {
        if (!pack(b)) {
            fail(b, "the bundle could not be packed");
            return;
        }
        b->is_ready = true;
        tell_ready(b);
    }
    pump(b);
}

static void on_received(void *self, struct stream *stream, const void *bytes, size_t count) {
    (void)self, (void)stream, (void)bytes, (void)count; /* no credit is given, so nothing comes */
}

static void on_writable(void *self, struct stream *stream) {
    struct bundle *b = self;
    (void)stream;
    if (b->is_ready && !b->step.is_armed) {
        loop_arm(b->loop, &b->step, 0, on_step, b);
    }
}

static void on_gone(void *self, struct stream *stream) {
    struct bundle *b = self;
    (void)stream;
    b->stream = NULL;
    if (!b->is_ready) {
        b->owner->failed(b->self, "the bundle's stream was closed");
    }
    bundle_free(b);
}

static const struct stream_user user = {.received = on_received, .writable = on_writable, .gone = on_gone};

static void name_bundle(struct bundle *b) {
    time_t seconds = (time_t)(b->begun_wall_ms / 1000);
    struct tm tm;
    char stamp[32];
    gmtime_r(&seconds, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
    snprintf(b->name, sizeof b->name, "%s-%s.tar.gz", b->grant->device, stamp);
}

enum result bundle_start(struct loop *loop, const struct session_grant *grant, struct streams *streams, int64_t stream,
                         const struct bundle_owner *owner, void *self, struct fault *fault) {
    size_t marked = 0;
    for (size_t i = 0; i < grant->diagnostic_count; i++) {
        marked += grant->diagnostics[i].in_bundle;
    }
    if (marked == 0) {
        return fault_set(fault, RESULT_NOT_FOUND, "this product has no diagnostic marked for the bundle");
    }
    struct bundle *b = mem_alloc(sizeof *b);
    *b = (struct bundle){.loop = loop,
                         .grant = grant,
                         .owner = owner,
                         .self = self,
                         .begun_mono_ms = clock_mono_ms(),
                         .begun_wall_ms = clock_wall_ms()};
    enum result result = stream_open(streams, stream, &user, b, &b->stream, fault);
    if (result != RESULT_OK) {
        free(b);
        return result;
    }
    buf_init(&b->results, RESULT_BYTES);
    buf_init(&b->packed, BUNDLE_BYTES + BUNDLE_BYTES / 8);
    b->tarball = tarball_new(BUNDLE_BYTES, b->begun_wall_ms);
    name_bundle(b);
    loop_arm(loop, &b->step, 0, on_step, b);
    return RESULT_OK;
}
