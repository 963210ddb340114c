/* `forward`: a port of a product on the engineer's own machine, through a session that he has open. Needs no
 * configuration and no rights on the gateway: it is a client like a browser, and logs in as its user. */
#include "command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "fieldline/session.h"
#include "tool_forward.h"
#include "tool_listen.h"

enum { PASSWORD_BYTES = 256 };

/* The first line of a file, or of standard input (not shown on a terminal). */
static bool read_password(const char *path, char out[PASSWORD_BYTES]) {
    struct termios before, silent;
    FILE *file = path != NULL ? fopen(path, "re") : stdin;
    const bool is_terminal = path == NULL && tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_terminal) {
        fprintf(stderr, "Password: ");
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    const bool is_read = file != NULL && fgets(out, PASSWORD_BYTES, file) != NULL;
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fprintf(stderr, "\n");
    }
    if (path != NULL && file != NULL) {
        fclose(file);
    }
    if (!is_read) {
        fprintf(stderr, "fieldline-gateway: no password in %s\n", path != NULL ? path : "standard input");
        return false;
    }
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

static int open_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static enum result run(const struct tool_link_options *options, const char *name, const char *listen,
                       struct fault *fault) {
    struct tool_forward_options forward = {.listener_fd = -1, .signal_fd = open_signals(), .port_name = name};
    int port = 0;
    enum result result = tool_listen(listen, &forward.listener_fd, &port, fault);
    if (result == RESULT_OK) {
        result = tool_link_open(options, &forward.link, fault);
    }
    if (result == RESULT_OK) {
        printf("%s is at %.*s:%d\n", name, (int)(strrchr(listen, ':') - listen), listen, port);
        fflush(stdout);
        result = tool_forward_run(&forward, fault);
    }
    tool_link_close(forward.link);
    if (forward.listener_fd >= 0) {
        close(forward.listener_fd);
    }
    if (forward.signal_fd >= 0) {
        close(forward.signal_fd);
    }
    return result;
}

int command_forward(int argc, char **argv) {
    const char *url = command_option(&argc, argv, "--url"), *name = command_option(&argc, argv, "--port");
    const char *listen = command_option(&argc, argv, "--listen"),
               *file = command_option(&argc, argv, "--password-file");
    struct tool_link_options options = {.session = command_option(&argc, argv, "--session"),
                                        .user = command_option(&argc, argv, "--user"),
                                        .ca = command_option(&argc, argv, "--ca")};
    struct tool_address address;
    char password[PASSWORD_BYTES] = "";
    struct fault fault;
    if (argc != 0 || url == NULL || name == NULL || options.session == NULL || options.user == NULL) {
        return command_usage(
            "forward --url https://GATEWAY --session ID --port NAME --user NAME [--password-file FILE] "
            "[--ca FILE] [--listen 127.0.0.1:0]");
    }
    if (tool_address_parse(url, &address, &fault) != RESULT_OK) {
        return command_failed(&fault);
    }
    if (!uuid_valid(options.session)) {
        fprintf(stderr, "fieldline-gateway: '%s' is no session\n", options.session);
        return 1;
    }
    if (!read_password(file, password)) {
        return 1;
    }
    options.address = &address;
    options.password = password;
    enum result result = run(&options, name, listen != NULL ? listen : "127.0.0.1:0", &fault);
    wipe(password, sizeof password);
    return result == RESULT_OK ? 0 : command_failed(&fault);
}
