/* What the service manager wants, and that it hears us. */
#include "fieldline/service.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

Test(service, watchdog) {
    char mine[32];
    snprintf(mine, sizeof mine, "%d", getpid());
    const struct {
        const char *what, *usec, *pid;
        long ms;
    } rows[] = {
        {"nobody asks", NULL, NULL, 0},
        {"a minute", "60000000", NULL, 30000},
        {"a minute, from us", "60000000", mine, 30000},
        {"from our parent", "60000000", "1", 0},
        {"from nobody", "60000000", "", 0},
        {"from no process", "60000000", "x", 0},
        {"nothing", "", NULL, 0},
        {"no number", "soon", NULL, 0},
        {"never", "0", NULL, 0},
        {"less than nothing", "-1", NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsetenv("WATCHDOG_USEC");
        unsetenv("WATCHDOG_PID");
        if (rows[i].usec)
            setenv("WATCHDOG_USEC", rows[i].usec, 1);
        if (rows[i].pid)
            setenv("WATCHDOG_PID", rows[i].pid, 1);
        cr_expect_eq(service_watchdog_ms(), rows[i].ms, "%s: %ld", rows[i].what, service_watchdog_ms());
    }
}

Test(service, a_state_is_one_datagram) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char name[64], text[64] = "";
    snprintf(name, sizeof name, "@fieldline-test-%d", getpid());
    const socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    memcpy(at.sun_path, name, strlen(name));
    at.sun_path[0] = 0;
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    cr_assert_eq(bind(fd, (const struct sockaddr *)&at, length), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    service_notify("READY=1");
    cr_expect_eq(recv(fd, text, sizeof text - 1, MSG_DONTWAIT), 7);
    cr_expect_str_eq(text, "READY=1");
    close(fd);
    service_notify("READY=1"); /* nobody listens: nothing happens */
    setenv("NOTIFY_SOCKET", "relative", 1);
    service_notify("READY=1");
}
