/* The owner's commands. Each is a process of its own beside the running agent, which reads the files anew whenever it
 * needs them; so nobody has to be told. Run by root, they work as the user whom the state folder belongs to: a file
 * that root has made there could not be read by the agent. */
#include "owner_cli.h"

#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent_config.h"
#include "fieldline/clock.h"
#include "fieldline/number.h"
#include "owner_keys.h"
#include "sign.h"
#include "stop_door.h"

enum { EXIT_FINE, EXIT_FAILED, EXIT_USAGE, PROBLEM_BYTES = 64 * 1024, GONE_WAIT_MS = 3000, LOOK_MS = 20 };

static int complain(const char *text) {
    fprintf(stderr, "%s\n", text);
    return EXIT_FAILED;
}

static int misused(void) {
    fputs(owner_cli_usage(), stderr);
    return EXIT_USAGE;
}

static bool read_config(const char *path, struct agent_config *config) {
    struct buf problems;
    buf_init(&problems, PROBLEM_BYTES);
    bool is_good = agent_config_read(path, config, &problems) == RESULT_OK;
    fputs(buf_text(&problems), stderr);
    buf_fini(&problems);
    return is_good;
}

/* For what changes the state folder. */
static bool become_keeper(const struct agent_config *config, struct fault *fault) {
    struct stat st;
    if (stat(config->data_dir, &st) != 0) {
        (void)fault_set(fault, RESULT_IO, "%s: no such folder", config->data_dir);
        return false;
    }
    if (geteuid() == 0 && st.st_uid != 0 &&
        (setgroups(0, NULL) != 0 || setgid(st.st_gid) != 0 || setuid(st.st_uid) != 0)) {
        (void)fault_set(fault, RESULT_IO, "cannot become the user of %s", config->data_dir);
        return false;
    }
    return true;
}

static bool open_keys(const char *path, struct agent_config *config, struct owner_keys *keys) {
    struct fault fault = {""};
    if (!read_config(path, config)) {
        return false;
    }
    if (!config->owner_page) {
        return complain("[session] owner_page is not yes: there is no owner's page for this product") == EXIT_FINE;
    }
    if (agent_config_identify(config, &fault) != RESULT_OK || !become_keeper(config, &fault) ||
        owner_keys_open(config->data_dir, keys, &fault) != RESULT_OK) {
        return complain(fault.text) == EXIT_FINE;
    }
    return true;
}

static int link_command(const char *path, int count, char **words) {
    struct agent_config config = {0};
    struct owner_keys keys = {0};
    struct fault fault;
    struct buf secret;
    int status = EXIT_FAILED;
    bool is_renewed = count == 1 && strcmp(words[0], "--renew") == 0;
    if (count > 0 && !is_renewed) {
        return misused();
    }
    if (open_keys(path, &config, &keys)) {
        status = EXIT_FINE;
        if (is_renewed) {
            owner_keys_renew(&keys);
            status = owner_keys_save(config.data_dir, &keys, &fault) == RESULT_OK ? EXIT_FINE : complain(fault.text);
        }
    }
    if (status == EXIT_FINE) {
        buf_init(&secret, 64);
        base64url_encode(keys.secret, sizeof keys.secret, &secret);
        printf("%s#device=%s&k=%s\n", config.owner_url, config.device, buf_text(&secret));
        buf_wipe(&secret);
    }
    wipe(&keys, sizeof keys);
    agent_config_fini(&config);
    return status;
}

static void print_keys(const struct owner_keys *keys) {
    for (size_t i = 0; i < keys->count; i++) {
        time_t at = (time_t)(keys->items[i].at_ms / 1000);
        char when[32] = "";
        struct tm parts;
        if (gmtime_r(&at, &parts) != NULL) {
            strftime(when, sizeof when, "%Y-%m-%d %H:%M UTC", &parts);
        }
        printf("%zu  %s  key %.16s  enrolled %s\n", i + 1, keys->items[i].name, keys->items[i].id, when);
    }
    if (keys->count == 0) {
        puts("no phone is enrolled");
    }
}

static int keys_command(const char *path, int count, char **words) {
    struct agent_config config = {0};
    struct owner_keys keys = {0};
    struct fault fault;
    int64_t number = 0;
    int status = EXIT_FAILED;
    bool is_remove = count == 2 && strcmp(words[0], "remove") == 0 &&
                     number_i64(words[1], strlen(words[1]), 1, OWNER_KEYS_MAX, &number);
    if (count > 0 && !is_remove) {
        return misused();
    }
    if (open_keys(path, &config, &keys)) {
        status = EXIT_FINE;
    }
    if (status == EXIT_FINE && is_remove && (size_t)number > keys.count) {
        status = complain("there is no key of that number");
    } else if (status == EXIT_FINE && is_remove) {
        owner_keys_remove(&keys, (size_t)number - 1);
        status = owner_keys_save(config.data_dir, &keys, &fault) == RESULT_OK ? EXIT_FINE : complain(fault.text);
        if (status == EXIT_FINE) {
            puts("removed; sessions and windows that rest on it end now. Links that were given out enrol nobody any "
                 "more: fieldline-agent owner-link prints the new one");
        }
    }
    if (status == EXIT_FINE) {
        print_keys(&keys);
    }
    wipe(&keys, sizeof keys);
    agent_config_fini(&config);
    return status;
}

/* The sign's file is the truth about what runs. */
static bool is_shown(const char *run_dir, const char *session) {
    struct sign_row rows[SIGN_ROWS_MAX];
    size_t count = 0;
    struct fault fault;
    if (sign_read(run_dir, rows, &count, &fault) != RESULT_OK) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (session == NULL || strcmp(rows[i].session, session) == 0) {
            return true;
        }
    }
    return false;
}

static int stop_command(const char *path, int count, char **words) {
    struct agent_config config = {0};
    struct fault fault;
    size_t ended = 0;
    const char *session = count > 0 ? words[0] : NULL;
    if (count > 1 || (session != NULL && !uuid_valid(session))) {
        return misused();
    }
    int status = EXIT_FAILED;
    if (read_config(path, &config)) {
        status = stop_door_ask(config.run_dir, session, &ended, &fault) == RESULT_OK ? EXIT_FINE : complain(fault.text);
    }
    if (status == EXIT_FINE) {
        const int64_t until_ms = clock_mono_ms() + GONE_WAIT_MS;
        const struct timespec look = {.tv_nsec = LOOK_MS * 1000 * 1000};
        while (is_shown(config.run_dir, session) && clock_mono_ms() < until_ms) {
            nanosleep(&look, NULL);
        }
        bool is_gone = !is_shown(config.run_dir, session);
        printf("%zu %s %s\n", ended, ended == 1 ? "session" : "sessions", is_gone ? "ended" : "told to end");
        status = is_gone ? EXIT_FINE : EXIT_FAILED;
    }
    agent_config_fini(&config);
    return status;
}

owner_cli_fn *owner_cli_find(const char *name) {
    static const struct {
        const char *name;
        owner_cli_fn *run;
    } rows[] = {{"owner-link", link_command}, {"owner-keys", keys_command}, {"stop-sessions", stop_command}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(name, rows[i].name) == 0) {
            return rows[i].run;
        }
    }
    return NULL;
}

const char *owner_cli_usage(void) {
    return "  owner-link [--renew]     print the link that enrols an owner's phone; with a new secret\n"
           "  owner-keys [remove N]    list the owners' phones; take one away\n"
           "  stop-sessions [SESSION]  end remote sessions on this product, now\n";
}
