/* fieldline-agent: argv, subcommands as rows, signals. No logic.
 *
 * Signals are blocked before any thread exists and read from a signalfd on the loop, so no handler ever runs beside
 * other code. SIGPIPE is ignored: Paho's TLS writes to sockets whose peer has gone. One malloc arena: the agent has one
 * busy thread, and an arena for each of Paho's would cost memory on small products. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "check.h"
#include "fieldline/clock.h"
#include "agent_metrics.h"
#include "owner_cli.h"
#include "status.h"
#include "version.h"

enum { PROBLEM_BYTES = 256 * 1024, EXIT_FAILED = 1, EXIT_USAGE = 2 };
static const char default_config[] = "/etc/fieldline/agent.conf";

/* Reads the configuration or prints what is wrong with it. */
static bool read_config(const char *path, struct agent_config *config) {
    struct buf problems;
    buf_init(&problems, PROBLEM_BYTES);
    bool is_good = agent_config_read(path, config, &problems) == RESULT_OK;
    fputs(buf_text(&problems), stderr);
    buf_fini(&problems);
    return is_good;
}

static int signal_fd(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct signals {
    int fd;
    struct agent *agent;
};

static void on_signal(void *self, uint32_t events) {
    (void)events;
    struct signals *s = self;
    struct signalfd_siginfo info;
    while (read(s->fd, &info, sizeof info) == sizeof info) {
        agent_stop(s->agent);
    }
}

static int run(const char *path) {
    struct agent_config config = {0};
    struct fault fault = {"cannot watch signals"};
    struct signals signals = {.fd = -1};
    int status = EXIT_FAILED;
    if (!read_config(path, &config)) {
        goto out;
    }
    log_set_level(config.log_level);
    signals.fd = signal_fd();
    if (agent_config_identify(&config, &fault) == RESULT_OK &&
        agent_new(&config, &signals.agent, &fault) == RESULT_OK &&
        loop_watch(agent_loop(signals.agent), signals.fd, EPOLLIN, on_signal, &signals) == RESULT_OK &&
        agent_run(signals.agent) == RESULT_OK) {
        status = 0;
    } else {
        log_error("agent", "not_started", "why=%s", log_text(fault.text));
    }
out:
    agent_free(signals.agent);
    agent_config_fini(&config);
    if (signals.fd >= 0) {
        close(signals.fd);
    }
    return status;
}

static int check(const char *path) {
    struct agent_config config = {0};
    struct buf problems;
    int status = EXIT_FAILED;
    buf_init(&problems, PROBLEM_BYTES);
    if (read_config(path, &config)) {
        status = check_config(&config, path, &problems) == 0 ? 0 : EXIT_FAILED;
        fputs(buf_text(&problems), stderr);
    }
    if (status == 0) {
        printf("%s: good; this is device %s, model %s\n", path, config.device, config.model);
    }
    buf_fini(&problems);
    agent_config_fini(&config);
    return status;
}

static int status(const char *path) {
    struct agent_config config = {0};
    struct buf text;
    struct fault fault;
    bool is_up = false;
    buf_init(&text, PROBLEM_BYTES);
    if (read_config(path, &config)) {
        if (status_print(config.run_dir, clock_wall_ms(), &text, &is_up, &fault) == RESULT_OK) {
            fputs(buf_text(&text), stdout);
        } else {
            fprintf(stderr, "%s\n", fault.text);
        }
    }
    buf_fini(&text);
    agent_config_fini(&config);
    return is_up ? 0 : EXIT_FAILED;
}

static int metrics(const char *path) {
    struct agent_config config = {0};
    struct buf text;
    struct fault fault;
    int status = EXIT_FAILED;
    buf_init(&text, PROBLEM_BYTES);
    if (read_config(path, &config)) {
        if (agent_metrics_read(config.run_dir, &text, &fault) == RESULT_OK) {
            fputs(buf_text(&text), stdout);
            status = 0;
        } else {
            fprintf(stderr, "%s\n", fault.text);
        }
    }
    buf_fini(&text);
    agent_config_fini(&config);
    return status;
}

static int print_reference(const char *path) {
    (void)path;
    struct buf text;
    buf_init(&text, PROBLEM_BYTES);
    agent_config_print_reference(&text);
    fputs(buf_text(&text), stdout);
    buf_fini(&text);
    return 0;
}

static int version(const char *path) {
    (void)path;
    puts("fieldline-agent " AGENT_VERSION);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(const char *config_path);
    const char *help;
} subcommands[] = {
    {"run", run, "run in the foreground until SIGTERM"},
    {"check", check, "check the configuration and everything it points to"},
    {"status", status, "show the running agent; exit status 0 only when it is connected"},
    {"metrics", metrics, "print the running agent's figures in Prometheus' text format"},
    {"config", print_reference, "print every option of the configuration file"},
    {"version", version, "print the version"},
};
enum { SUBCOMMANDS = sizeof subcommands / sizeof subcommands[0] };

static int usage(FILE *to, int exit_status) {
    fprintf(to, "usage: fieldline-agent COMMAND [-c FILE]      FILE: %s\n", default_config);
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        fprintf(to, "  %-8s %s\n", subcommands[i].name, subcommands[i].help);
    }
    fputs(owner_cli_usage(), to);
    return exit_status;
}

int main(int argc, char **argv) {
    const char *path = default_config;
    mallopt(M_ARENA_MAX, 1);
    umask(077);
    if (argc == 2 && (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)) {
        return usage(stdout, 0);
    }
    owner_cli_fn *owners = argc >= 2 ? owner_cli_find(argv[1]) : NULL;
    if (owners != NULL) {
        bool has_path = argc >= 4 && (strcmp(argv[argc - 2], "-c") == 0 || strcmp(argv[argc - 2], "--config") == 0);
        return owners(has_path ? argv[argc - 1] : path, has_path ? argc - 4 : argc - 2, argv + 2);
    }
    if (argc == 4 && (strcmp(argv[2], "-c") == 0 || strcmp(argv[2], "--config") == 0)) {
        path = argv[3];
    } else if (argc != 2) {
        return usage(stderr, EXIT_USAGE);
    }
    for (size_t i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0) {
            return subcommands[i].run(path);
        }
    }
    return usage(stderr, EXIT_USAGE);
}
