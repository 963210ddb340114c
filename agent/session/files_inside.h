/* The inside of files, shared by its files and nobody else: files.c (roots, rights, limits), files_list.c,
 * files_get.c, files_put.c and files_order.c (what a put asks for). */
#pragma once
#include "session/account.h"
#include "session/beneath.h"
#include "fieldline/digest.h"
#include "session/files.h"
#include "session/rate.h"

enum {
    FILES_TURN_BYTES = 256 * 1024,      /* read or hashed in one turn of the loop */
    FILES_SPARE_BYTES = 4 * 1024 * 1024 /* of the disk, left free by an upload */
};

/* One root in use. */
struct files_use {
    struct files *files;
    const struct files_root *root;
    int64_t moved_bytes; /* in this session, both ways */
    struct rate rate;
    struct loop_timer refill; /* somebody waits for tokens */
};

struct files_get;
struct files_put;
struct files {
    struct loop *loop;
    const struct session_grant *grant;
    struct streams *streams;
    struct files_use uses[FILES_ROOTS];
    size_t use_count;
    bool has_account;
    struct account account;
    struct files_get *gets;
    struct files_put *puts; /* also those that wait to be resumed */
};

/* What most calls begin with: the root that params name, with the right that is needed, and its folder opened. */
FL_CHECK enum result files_enter(struct files *f, const struct json *params, bool to_write, struct files_use **use,
                                 int *root_fd, struct fault *fault);
/* Between the two, this thread has the rights of the session's user. */
FL_CHECK enum result files_borrow(struct files *f, struct fault *fault);
void files_give_back(struct files *f);
/* May a file of this size go through, given what went already? */
FL_CHECK enum result files_room(const struct files_use *use, int64_t size, int64_t offset, struct fault *fault);
/* Tokens of the root's rate; 0: everybody of this root is woken when there are some. */
int64_t files_tokens(struct files_use *use, int64_t want);
/* Removes leavings of sessions that were killed, in one folder: a descriptor that can be listed. */
void files_sweep(const struct files_use *use, int folder_fd);

/* The params of file.put. */
struct files_order {
    const char *path, *name, *sha256; /* name: the path's last component */
    int64_t stream, size, offset;
    bool may_replace, is_resumed;
    char folder[FILES_PATH_BYTES + 1];
};
FL_CHECK enum result files_order_read(const struct json *params, struct files_order *out, struct fault *fault);
/* Is the name free, or may it be replaced, and is there room on the disk? */
FL_CHECK enum result files_order_check_place(const struct files_order *order, int folder_fd, struct fault *fault);
/* Can what is uploaded be given to the root's `owner`? */
FL_CHECK enum result files_order_check_owner(const struct files_use *use, struct fault *fault);

void files_get_wake(struct files *f, const struct files_use *use);
void files_put_wake(struct files *f, const struct files_use *use);
void files_put_remove_all(struct files *f);
bool files_put_owns(const struct files *f, const char *part);
