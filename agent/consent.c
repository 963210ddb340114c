/* Asks the owner. Loop thread only.
 *
 * The answer is taken apart here and narrowed to the question, so that no hook can allow more than was asked. What the
 * configuration allows at all is the launcher's check, made before anybody is asked. A page's answer is held against
 * the hash of the question's text, so that neither the question nor the answer can be changed or used twice on the way.
 */
#include "consent_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/json.h"
#include "fieldline/log.h"

enum {
    ANSWER_BYTES = 4096,
    SHOW_LIMIT_MS = 10 * 1000,
    ENV_BYTES = 1024,
};

void consent_free(struct consent *c) {
    loop_disarm(c->loop, &c->timer);
    run_cancel(c->run);
    if (c->code_path[0] != '\0') {
        unlink(c->code_path);
    }
    wipe(c->code, sizeof c->code);
    buf_fini(&c->question);
    free(c->window);
    free(c);
}

void consent_cancel(struct consent *consent) {
    if (consent != NULL) {
        consent_free(consent);
    }
}

void consent_answer(struct consent *c, const struct consent_answer *a) {
    consent_done_fn *done = c->done;
    void *self = c->self;
    struct owner_window *window = c->window; /* the answer may point into it */
    c->window = NULL;
    consent_free(c);
    done(self, a);
    free(window);
}

void consent_answer_no(struct consent *c, enum consent_outcome outcome, const char *why) {
    struct consent_answer a = {.outcome = outcome, .method = c->method->name};
    (void)fault_set(&a.why, RESULT_DENIED, "%s", why);
    consent_answer(c, &a);
}

void consent_on_late(void *self) {
    consent_answer_no(self, CONSENT_LATE, "nobody answered on the product in time");
}

/* ---- hook -------------------------------------------------------------------------------------------------------- */

static enum result read_yes(const struct consent *c, const struct json *object, struct consent_answer *a,
                            struct fault *fault) {
    const char *by;
    int64_t minutes;
    uint32_t capabilities = 0;
    enum result result;
    if ((result = capabilities_read(object, "capabilities", &capabilities, fault)) != RESULT_OK ||
        (result = json_integer(object, "minutes", 1, CAP_SESSION_SECONDS / 60, &minutes, fault)) != RESULT_OK ||
        (result = json_string(object, "by", CONSENT_BY_BYTES, &by, fault)) != RESULT_OK) {
        return result;
    }
    a->capabilities = capabilities & c->capabilities;
    a->duration_ms = minutes * 60000 < c->duration_ms ? minutes * 60000 : c->duration_ms;
    snprintf(a->by, sizeof a->by, "%s", by);
    if (a->capabilities == 0) {
        a->outcome = CONSENT_REFUSED;
        (void)fault_set(&a->why, RESULT_DENIED, "the owner allowed none of what was asked for");
    }
    return RESULT_OK;
}

/* Anything but a sound answer is an error here, and a no outside. */
static enum result read_answer(const struct consent *c, const struct run_outcome *outcome, struct consent_answer *a,
                               struct fault *fault) {
    struct json *object = NULL;
    const char *word = "";
    if (outcome->status != 0) {
        return fault_set(fault, RESULT_IO, "the consent hook ended with status %d", outcome->status);
    }
    if (outcome->is_cut) {
        return fault_set(fault, RESULT_TOO_BIG, "the consent hook printed more than %d bytes", ANSWER_BYTES);
    }
    enum result result = json_parse((const char *)outcome->output, outcome->output_count, &object, fault);
    if (result == RESULT_OK) {
        result = json_is_object(object) ? json_string(object, "answer", 15, &word, fault)
                                        : fault_set(fault, RESULT_BAD_INPUT, "the answer is no object");
    }
    if (result == RESULT_OK && strcmp(word, "allow") == 0) {
        result = read_yes(c, object, a, fault);
    } else if (result == RESULT_OK && strcmp(word, "deny") == 0) {
        a->outcome = CONSENT_REFUSED;
        (void)fault_set(&a->why, RESULT_DENIED, "the owner refused");
    } else if (result == RESULT_OK) {
        result = fault_set(fault, RESULT_BAD_INPUT, "'answer' is '%s', expected allow or deny", word);
    }
    json_free(object);
    return result;
}

static void on_hook(void *self, const struct run_outcome *outcome) {
    struct consent *c = self;
    struct consent_answer a = {.outcome = CONSENT_ALLOWED, .method = c->method->name};
    c->run = NULL;
    if (outcome->is_late) {
        consent_on_late(c);
        return;
    }
    if (read_answer(c, outcome, &a, &a.why) != RESULT_OK) {
        log_warn("agent.consent", "consent_hook_failed", "reason=%s", log_text(a.why.text));
        a.outcome = CONSENT_HOOK_FAILED;
    }
    consent_answer(c, &a);
}

static char *const base_environment[] = {(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                         (char *)"LANG=C.UTF-8", NULL};

static enum result ask_hook(struct consent *c, const struct agent_config *config, const struct consent_question *q,
                            struct fault *fault) {
    char *argv[] = {config->consent_hook, NULL};
    struct buf question;
    buf_init(&question, CONSENT_QUESTION_BYTES);
    consent_question_print(config, q, &question);
    buf_add_u8(&question, '\n');
    struct run_options options = {.argv = argv,
                                  .env = base_environment,
                                  .input = buf_text(&question),
                                  .input_count = question.count,
                                  .output_cap_bytes = ANSWER_BYTES,
                                  .limit_ms = q->wait_ms};
    enum result result = run_start(c->loop, &options, on_hook, c, &c->run, fault);
    buf_fini(&question);
    return result;
}

/* ---- code -------------------------------------------------------------------------------------------------------- */

static void make_code(char out[CONSENT_CODE_DIGITS + 1]) {
    const uint32_t codes = 100 * 1000 * 1000, fair = UINT32_MAX - UINT32_MAX % codes;
    uint32_t number;
    do {
        random_bytes(&number, sizeof number);
    } while (number >= fair);
    snprintf(out, CONSENT_CODE_DIGITS + 1, "%08u", number % codes);
}

static void on_shown(void *self, const struct run_outcome *outcome) {
    struct consent *c = self;
    c->run = NULL;
    if (outcome->status != 0 || outcome->is_late) {
        log_warn("agent.consent", "code_show_failed", "status=%d", outcome->status);
        consent_answer_no(c, CONSENT_HOOK_FAILED, "the code could not be shown to the owner");
    }
}

/* Who asks, and for what, in the program's environment. Control characters do not get through. */
static char *variable(const char *name, const char *value) {
    char *text = mem_alloc(ENV_BYTES);
    snprintf(text, ENV_BYTES, "FIELDLINE_%s=%s", name, value);
    for (char *at = text; *at != '\0'; at++) {
        if ((uint8_t)*at < 0x20 || *at == 0x7f) {
            *at = ' ';
        }
    }
    return text;
}

static enum result show_by_program(struct consent *c, const struct agent_config *config,
                                   const struct consent_question *q, struct fault *fault) {
    char *argv[] = {config->consent_code_show, NULL}, line[CONSENT_CODE_DIGITS + 2];
    struct buf names;
    buf_init(&names, 256);
    capabilities_print(q->capabilities, &names);
    char *env[] = {base_environment[0],
                   base_environment[1],
                   variable("ENGINEER", q->engineer),
                   variable("REASON", q->reason),
                   variable("SUBJECT", q->subject),
                   variable("CAPABILITIES", buf_text(&names)),
                   variable("ROLE", q->role != NULL ? q->role : ""),
                   NULL};
    snprintf(line, sizeof line, "%s\n", c->code);
    struct run_options options = {.argv = argv,
                                  .env = env,
                                  .input = line,
                                  .input_count = strlen(line),
                                  .output_cap_bytes = ANSWER_BYTES,
                                  .limit_ms = SHOW_LIMIT_MS};
    enum result result = run_start(c->loop, &options, on_shown, c, &c->run, fault);
    for (size_t i = 2; env[i] != NULL; i++) {
        free(env[i]);
    }
    buf_fini(&names);
    wipe(line, sizeof line);
    return result;
}

static enum result show_by_file(struct consent *c, const struct agent_config *config, struct fault *fault) {
    char path[CONSENT_PATH_BYTES], line[CONSENT_CODE_DIGITS + 2];
    if (snprintf(path, sizeof path, "%s/consent-code", config->run_dir) >= (int)sizeof path) {
        return fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", config->run_dir);
    }
    int chars = snprintf(line, sizeof line, "%s\n", c->code);
    unlink(path); /* of an agent that was killed while it asked */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
    bool is_written = fd >= 0 && write(fd, line, (size_t)chars) == chars;
    int why = errno;
    if (fd >= 0) {
        close(fd);
        snprintf(c->code_path, sizeof c->code_path, "%s", path); /* ours: removed when it is over */
    }
    wipe(line, sizeof line);
    return is_written ? RESULT_OK : fault_set(fault, RESULT_IO, "%s: %s", path, strerror(why));
}

static enum result ask_code(struct consent *c, const struct agent_config *config, const struct consent_question *q,
                            struct fault *fault) {
    make_code(c->code);
    c->tries_left = CONSENT_TRIES;
    enum result result =
        config->consent_code_show != NULL ? show_by_program(c, config, q, fault) : show_by_file(c, config, fault);
    if (result == RESULT_OK) {
        loop_arm(c->loop, &c->timer, q->wait_ms, consent_on_late, c);
    }
    return result;
}

bool consent_wants_code(const struct consent *consent) {
    return consent->method->mode == CONSENT_CODE;
}

int consent_try(struct consent *c, const char *code) {
    char digits[CONSENT_CODE_DIGITS] = {0};
    size_t count = 0;
    for (const char *at = code; *at != '\0'; at++) {
        if (*at == ' ' || *at == '-') {
            continue;
        }
        if (count < CONSENT_CODE_DIGITS) {
            digits[count] = *at;
        }
        count++;
    }
    bool is_right = equal_secret(digits, c->code, CONSENT_CODE_DIGITS) && count == CONSENT_CODE_DIGITS;
    wipe(digits, sizeof digits);
    c->tries_left--;
    if (is_right) {
        struct consent_answer a = {.outcome = CONSENT_ALLOWED,
                                   .method = c->method->name,
                                   .capabilities = c->capabilities,
                                   .duration_ms = c->duration_ms,
                                   .by = "owner"};
        consent_answer(c, &a);
        return 0;
    }
    int left = c->tries_left;
    if (left == 0) {
        consent_answer_no(c, CONSENT_LOCKED, "the code was wrong three times");
    }
    return left;
}

/* ---- asking ------------------------------------------------------------------------------------------------------ */

static const struct method methods[] = {
    {CONSENT_HOOK, "hook", ask_hook},
    {CONSENT_CODE, "code", ask_code},
    {CONSENT_PAGE, "page", consent_ask_page},
};
/* Has no question: it stands for a window that the owner has signed. */
static const struct method window_method = {CONSENT_DENY, "window", NULL};

static const struct method *method_of(enum consent_mode mode) {
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (methods[i].mode == mode) {
            return &methods[i];
        }
    }
    return NULL;
}

enum result consent_ask(struct loop *loop, const struct agent_config *config, const struct consent_question *question,
                        consent_done_fn *done, void *self, struct consent **out, struct fault *fault) {
    const struct method *method = method_of(config->consent);
    struct consent *c = mem_alloc(sizeof *c);
    enum result result = RESULT_OK;
    *c = (struct consent){.loop = loop,
                          .done = done,
                          .self = self,
                          .method = &window_method,
                          .capabilities = question->capabilities,
                          .duration_ms = question->duration_ms};
    buf_init(&c->question, CONSENT_QUESTION_BYTES);
    if (!consent_is_covered(c, config, question) && method == NULL) {
        result = fault_set(fault, RESULT_DENIED, "this product's configuration asks nobody and refuses every session");
    } else if (c->window == NULL) {
        c->method = method;
        result = method->ask(c, config, question, fault);
    }
    if (result != RESULT_OK) {
        consent_free(c);
        return result;
    }
    *out = c;
    return RESULT_OK;
}
