/* serve: the gateway itself, from the signal mask to the last turn. */
#include "command.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "fieldline/log.h"
#include "fieldline/service.h"
#include "gateway.h"

struct signals {
    struct gateway *gateway;
    sigset_t set;
};

static void *wait_for_signal(void *self) {
    const struct signals *signals = self;
    int number = 0;
    for (sigwait(&signals->set, &number); number == SIGHUP; sigwait(&signals->set, &number)) {
        log_info("gateway", "signal", "number=%d", number);
        gateway_reload(signals->gateway);
    }
    log_info("gateway", "signal", "number=%d", number);
    gateway_stop(signals->gateway);
    return NULL;
}

int command_serve(int argc, char **argv) {
    struct settings *settings = command_settings(&argc, argv);
    struct signals signals = {0};
    struct fault fault;
    enum log_level level;
    enum log_format format;
    pthread_t waiter;
    int status = 1;
    if (!settings)
        return 1;
    if (argc != 0) {
        settings_free(settings);
        return command_usage("serve [--config FILE]");
    }
    if (!log_level_parse(settings->log_level, &level)) {
        fprintf(stderr, "fieldline-gateway: log_level is '%s', expected debug, info, warn or error\n",
                settings->log_level);
        goto out;
    }
    if (!log_format_parse(settings->log_format, &format)) {
        fprintf(stderr, "fieldline-gateway: log_format is '%s', expected text or json\n", settings->log_format);
        goto out;
    }
    log_set_level(level);
    log_set_format(format);
    /* Blocked here, before any thread exists: every thread inherits that, and the waiter alone takes them. */
    sigemptyset(&signals.set);
    sigaddset(&signals.set, SIGTERM);
    sigaddset(&signals.set, SIGINT);
    sigaddset(&signals.set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals.set, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (gateway_start(settings, &signals.gateway, &fault) != RESULT_OK) {
        command_failed(&fault);
        goto out;
    }
    if (pthread_create(&waiter, NULL, wait_for_signal, &signals) != 0)
        die("gateway", "cannot start a thread");
    service_notify("READY=1");
    gateway_run(signals.gateway);
    pthread_cancel(waiter);
    pthread_join(waiter, NULL);
    gateway_free(signals.gateway);
    log_settle(true);
    status = 0;
out:
    settings_free(settings);
    return status;
}
