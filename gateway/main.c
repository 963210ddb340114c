/* fieldline-gateway: argv in, exit status out. The subcommands are rows in command.c. */
#include <sys/stat.h>

#include "command.h"

int main(int argc, char **argv) {
    umask(077);
    return command_run(argc, argv);
}
