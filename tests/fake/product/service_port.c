/* A folder as a service port.
 *
 * A command file is renamed before it is read, so that a command is carried out once even when the next one is being
 * written, and one without its newline yet is left alone until it has it: `echo` writes it in one go, an editor may
 * not. A socket was tried and left: the engineer's shell on a small product has no client for it. */
#include "service_port.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/number.h"
#include "fieldline/log.h"

enum { NOTE_BYTES = 512 };

struct service_port {
    int folder; /* descriptor */
};

struct service_port *service_port_new(const char *folder) {
    struct service_port *p = mem_alloc(sizeof *p);
    p->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->folder < 0)
        die("fake.service_port", "cannot open the folder %s", folder);
    return p;
}

void service_port_free(struct service_port *p) {
    if (p == NULL)
        return;
    close(p->folder);
    free(p);
}

bool service_port_take(struct service_port *p, char *out, size_t room) {
    int fd = openat(p->folder, "service.txt", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t count = read(fd, out, room - 1);
    close(fd);
    char *end = count > 0 ? memchr(out, '\n', (size_t)count) : NULL;
    if (end == NULL && count < (ssize_t)room - 1)
        return false;
    (void)!unlinkat(p->folder, "service.txt", 0);
    out[end != NULL ? end - out : count] = '\0';
    return true;
}

void service_port_note(struct service_port *p, const char *text) {
    char line[NOTE_BYTES], when[32];
    clock_print(clock_wall_ms(), when);
    int chars = snprintf(line, sizeof line, "%s %.*s\n", when, NOTE_BYTES - 64, text);
    int fd = openat(p->folder, "controller.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    (void)!write(fd, line, (size_t)chars);
    close(fd);
}

void service_port_sheet(struct service_port *p, const char *name, struct buf *text) {
    int fd = openat(p->folder, ".sheet", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return;
    const char *bytes = buf_text(text);
    bool is_whole = write(fd, bytes, text->count) == (ssize_t)text->count;
    close(fd);
    if (is_whole)
        (void)!renameat(p->folder, ".sheet", p->folder, name);
}

bool service_port_setting(struct service_port *p, const char *name, double *out) {
    char text[64];
    int fd = openat(p->folder, name, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd >= 0 ? read(fd, text, sizeof text) : -1;
    if (fd >= 0)
        close(fd);
    while (count > 0 && (text[count - 1] == '\n' || text[count - 1] == ' '))
        count--;
    return count > 0 && number_double(text, (size_t)count, out);
}
