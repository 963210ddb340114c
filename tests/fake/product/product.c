/* The main loop of a simulated product: ten times a second the model takes as many small steps as `speed` asks for,
 * commands are looked for, and once a second it reports. The loop is paced by absolute times on the monotonic clock, so
 * a busy machine makes steps late, but never fewer. One thread; the random numbers and the speed are this program's
 * only statics, because they belong to the process as its command line does. */
#include "product.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fieldline/clock.h"
#include "fieldline/number.h"

enum { TICK_MS = 100, TICKS_A_SECOND = 10, COMMAND_BYTES = 256, SAY_BYTES = 384 };

static volatile sig_atomic_t is_stopped;
static double speed = 1, seconds = 0, seed = 1;
static uint64_t random_state;

static void on_signal(int number) {
    (void)number;
    is_stopped = 1;
}

double product_speed(void) {
    return speed;
}

double product_random(void) { /* xorshift64* */
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (double)((random_state * UINT64_C(0x2545F4914F6CDD1D)) >> 11) / 9007199254740992.0;
}

double product_noise(void) {
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += product_random();
    return sum - 6;
}

void product_say(struct voice *voice, struct service_port *port, int severity, const char *format, ...) {
    char text[SAY_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    voice_log(voice, severity, "%s", text);
    service_port_note(port, text);
}

struct paths {
    const char *folder, *statsd, *syslog;
};

static const struct product_option common[] = {
    {"speed", &speed, 0.01, 3600, "simulated seconds in a real one"},
    {"seconds", &seconds, 0, 1e9, "ends by itself after so many real ones; 0: never"},
    {"seed", &seed, 1, 1e9, "of the random numbers"},
};

static void usage(const struct product *p) {
    fprintf(stderr,
            "%s: %s\n  --dir FOLDER    service port: service.txt in, controller.log and sheets out\n"
            "  --statsd PATH   the agent's statsd socket\n  --syslog PATH   the agent's syslog socket\n",
            p->name, p->title);
    const struct product_option *tables[] = {common, p->options};
    size_t counts[] = {sizeof common / sizeof common[0], p->option_count};
    for (int t = 0; t < 2; t++)
        for (size_t i = 0; i < counts[t]; i++)
            fprintf(stderr, "  --%-13s %s (%g to %g, default %g)\n", tables[t][i].name, tables[t][i].help,
                    tables[t][i].min, tables[t][i].max, *tables[t][i].value);
}

/* 1: taken, 0: not in this table, -1: refused and said so */
static int option_set(const struct product_option *rows, size_t count, const char *name, const char *text) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        double value;
        if (!number_double(text, strlen(text), &value) || value < rows[i].min || value > rows[i].max) {
            fprintf(stderr, "--%s is '%s': expected a number from %g to %g\n", name, text, rows[i].min, rows[i].max);
            return -1;
        }
        *rows[i].value = value;
        return 1;
    }
    return 0;
}

static bool options_read(const struct product *p, int argc, char **argv, struct paths *paths) {
    const struct {
        const char *name;
        const char **to;
    } texts[] = {{"--dir", &paths->folder}, {"--statsd", &paths->statsd}, {"--syslog", &paths->syslog}};
    for (int i = 1; i < argc; i += 2) {
        if (strncmp(argv[i], "--", 2) != 0 || i + 1 == argc)
            return false;
        int taken = 0;
        for (size_t t = 0; t < sizeof texts / sizeof texts[0] && taken == 0; t++) {
            if (strcmp(texts[t].name, argv[i]) == 0) {
                *texts[t].to = argv[i + 1];
                taken = 1;
            }
        }
        if (taken == 0)
            taken = option_set(common, sizeof common / sizeof common[0], argv[i] + 2, argv[i + 1]);
        if (taken == 0)
            taken = option_set(p->options, p->option_count, argv[i] + 2, argv[i + 1]);
        if (taken != 1)
            return false;
    }
    return paths->folder != NULL;
}

static void tick(const struct product *p, struct service_port *port) {
    char command[COMMAND_BYTES];
    double left = speed * TICK_MS / 1000.0;
    while (left > 1e-9) {
        double dt = fmin(left, PRODUCT_STEP_S);
        p->step(p->self, dt);
        left -= dt;
    }
    if (service_port_take(port, command, sizeof command))
        p->command(p->self, command);
}

static void run(const struct product *p, struct voice *voice, struct service_port *port) {
    int64_t begun = clock_mono_ms();
    for (int64_t n = 1; !is_stopped; n++) {
        tick(p, port);
        if (n % TICKS_A_SECOND == 0) {
            p->report(p->self);
            voice_flush(voice);
        }
        if (seconds > 0 && (double)n * TICK_MS >= seconds * 1000)
            return;
        int64_t due = begun + n * TICK_MS;
        struct timespec at = {.tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000};
        while (!is_stopped && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR) {
        }
    }
}

int product_main(const struct product *p, int argc, char **argv) {
    struct paths paths = {0};
    if (!options_read(p, argc, argv, &paths)) {
        usage(p);
        return 2;
    }
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    random_state = (uint64_t)seed * UINT64_C(0x9E3779B97F4A7C15);
    struct voice *voice = voice_new(paths.statsd, paths.syslog, p->name);
    struct service_port *port = service_port_new(paths.folder);
    p->start(p->self, voice, port);
    run(p, voice, port);
    service_port_free(port);
    voice_free(voice);
    return 0;
}
