/* One access to one parameter. A file is read and written at once, but the answer comes from the loop like a program's,
 * so that whoever asks has one way to go on. */
#include "param_io.h"

#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "run.h"

enum { OUTPUT_BYTES = 4096, FILE_MODE = 0640 };

struct param_io {
    struct loop *loop;
    const struct param *param;
    param_io_fn *done;
    void *self;
    struct run *run;
    struct loop_timer timer;
    bool is_write;
    struct parameter_value value;
    enum result result; /* of a file */
    struct fault why;
};

static void finish(struct param_io *io, enum result result) {
    param_io_fn *done = io->done;
    void *self = io->self;
    struct parameter_value value = io->value;
    struct fault why = io->why;
    loop_disarm(io->loop, &io->timer);
    free(io);
    done(self, result == RESULT_OK ? &value : NULL, &why);
}

static enum result take(struct param_io *io, const char *text, size_t chars) {
    return parameter_value_parse(&io->param->form, text, chars, &io->value, &io->why);
}

static void on_run(void *self, const struct run_outcome *outcome) {
    struct param_io *io = self;
    const char *program = (io->is_write ? io->param->write : io->param->read)[0];
    enum result result = RESULT_OK;
    io->run = NULL;
    if (outcome->is_late) {
        result = fault_set(&io->why, RESULT_IO, "%s took longer than %lld s", program,
                           (long long)(io->param->limit_ms / 1000));
    } else if (outcome->status != 0) {
        size_t chars = outcome->output_count > 100 ? utf8_cut(outcome->output, 100) : outcome->output_count;
        while (chars > 0 && (outcome->output[chars - 1] == '\n' || outcome->output[chars - 1] == ' ')) {
            chars--;
        }
        result = fault_set(&io->why, RESULT_IO, "%s ended with %d: %.*s", program, outcome->status, (int)chars,
                           (const char *)outcome->output);
    } else if (!io->is_write &&
               (result = take(io, (const char *)outcome->output, outcome->output_count)) != RESULT_OK) {
        fault_prefix(&io->why, "%s", program);
    }
    finish(io, result);
}

static void on_file(void *self) {
    struct param_io *io = self;
    finish(io, io->result);
}

static struct param_io *io_new(struct loop *loop, const struct param *param, param_io_fn *done, void *self) {
    struct param_io *io = mem_alloc(sizeof *io);
    *io = (struct param_io){.loop = loop, .param = param, .done = done, .self = self};
    return io;
}

static enum result start(struct param_io *io, char *const *argv, const char *input, struct param_io **out,
                         struct fault *fault) {
    static char *const env[] = {(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                (char *)"LANG=C.UTF-8", NULL};
    struct run_options options = {.argv = argv,
                                  .env = env,
                                  .input = input,
                                  .input_count = input != NULL ? strlen(input) : 0,
                                  .joins_stderr = io->is_write,
                                  .output_cap_bytes = OUTPUT_BYTES,
                                  .limit_ms = io->param->limit_ms};
    enum result result = run_start(io->loop, &options, on_run, io, &io->run, fault);
    if (result != RESULT_OK) {
        free(io);
        return result;
    }
    *out = io;
    return RESULT_OK;
}

enum result param_read(struct loop *loop, const struct param *param, param_io_fn *done, void *self,
                       struct param_io **out, struct fault *fault) {
    struct param_io *io = io_new(loop, param, done, self);
    if (param->file == NULL) {
        return start(io, param->read, NULL, out, fault);
    }
    struct buf text;
    buf_init(&text, OUTPUT_BYTES);
    io->result = file_read(param->file, &text, &io->why);
    if (io->result == RESULT_OK) {
        io->result = take(io, buf_text(&text), text.count);
    }
    if (io->result != RESULT_OK) {
        fault_prefix(&io->why, "%s", param->file);
    }
    buf_fini(&text);
    loop_arm(loop, &io->timer, 0, on_file, io);
    *out = io;
    return RESULT_OK;
}

enum result param_write(struct loop *loop, const struct param *param, const struct parameter_value *value,
                        param_io_fn *done, void *self, struct param_io **out, struct fault *fault) {
    struct param_io *io = io_new(loop, param, done, self);
    char text[PARAMETER_PRINT_BYTES + 1];
    parameter_value_print(value, text);
    size_t chars = strlen(text);
    memcpy(text + chars, "\n", 2);
    io->is_write = true;
    io->value = *value;
    if (param->file == NULL) {
        return start(io, param->write, text, out, fault);
    }
    io->result = file_replace_synced(param->file, text, chars + 1, FILE_MODE, &io->why);
    loop_arm(loop, &io->timer, 0, on_file, io);
    *out = io;
    return RESULT_OK;
}

void param_io_cancel(struct param_io *io) {
    if (io != NULL) {
        loop_disarm(io->loop, &io->timer);
        run_cancel(io->run);
        free(io);
    }
}
