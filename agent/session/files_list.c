/* file.list: one folder, by name, in pieces that fit one answer.
 *
 * A folder may hold a hundred thousand entries and the answer 16 KiB, so only the FILES_LISTED smallest names after the
 * one that was asked for are kept while the folder is read, in a sorted array; memory does not grow with the folder.
 * Names that cannot be asked for (not UTF-8, control characters) are counted, not shown. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/files_inside.h"

enum { READ_ENTRIES = 200000, ANSWER_BYTES = CAP_FRAME_BYTES - 512 };

struct page {
    char *names[FILES_LISTED];
    size_t count;
    bool is_cut; /* there are more */
    int64_t left_out;
};

static void page_fini(struct page *page) {
    for (size_t i = 0; i < page->count; i++) {
        free(page->names[i]);
    }
}

static void page_add(struct page *page, const char *name) {
    size_t low = 0, high = page->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(page->names[middle], name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == FILES_LISTED) {
        page->is_cut = true;
        return;
    }
    if (page->count == FILES_LISTED) {
        page->is_cut = true;
        free(page->names[--page->count]);
    }
    memmove(&page->names[low + 1], &page->names[low], (page->count - low) * sizeof page->names[0]);
    page->names[low] = mem_strdup(name);
    page->count++;
}

static enum result read_folder(int folder_fd, const char *after, struct page *page, struct fault *fault) {
    int copy = dup(folder_fd);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    if (dir == NULL) {
        int why = errno;
        if (copy >= 0) {
            close(copy);
        }
        return fault_set(fault, RESULT_IO, "the folder cannot be read: %s", strerror(why));
    }
    const struct dirent *entry;
    rewinddir(dir); /* a copied descriptor shares its place */
    for (int i = 0; (entry = readdir(dir)) != NULL; i++) {
        const char *name = entry->d_name;
        if (i == READ_ENTRIES) {
            page->is_cut = true;
            break;
        }
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            strncmp(name, BENEATH_PART, sizeof BENEATH_PART - 1) == 0) {
            continue;
        }
        if (!beneath_name_is_good(name)) {
            page->left_out++;
        } else if (strcmp(name, after) > 0) {
            page_add(page, name);
        }
    }
    closedir(dir);
    return RESULT_OK;
}

static const char *kind_of(mode_t mode) {
    return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "folder" : S_ISLNK(mode) ? "link" : "other";
}

static void print_entry(int folder_fd, const char *name, struct buf *out) {
    struct stat st;
    struct json_out j = json_out(out);
    if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return; /* it went away meanwhile */
    }
    jo_object(&j, NULL);
    jo_str(&j, "name", name);
    jo_str(&j, "kind", kind_of(st.st_mode));
    jo_int(&j, "size", S_ISREG(st.st_mode) ? (int64_t)st.st_size : 0);
    jo_int(&j, "mtime_ms", (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
    jo_end(&j);
}

static void print_page(int folder_fd, struct page *page, struct buf *out) {
    struct json_out j = json_out(out);
    struct buf entry;
    buf_init(&entry, 4096);
    jo_object(&j, NULL);
    jo_array(&j, "entries");
    for (size_t i = 0; i < page->count; i++) {
        buf_reset(&entry);
        print_entry(folder_fd, page->names[i], &entry);
        if (out->count + entry.count > ANSWER_BYTES) {
            page->is_cut = true;
            break;
        }
        if (entry.count > 0) {
            jo_raw(&j, NULL, buf_text(&entry), entry.count);
        }
    }
    jo_end(&j);
    jo_bool(&j, "truncated", page->is_cut);
    if (page->left_out > 0) {
        jo_int(&j, "left_out", page->left_out);
    }
    jo_end(&j);
    buf_fini(&entry);
}

enum result files_list(struct files *f, const struct json *params, struct buf *out, struct fault *fault) {
    const char *path, *after = NULL;
    struct files_use *use;
    struct page page = {.count = 0};
    int root_fd = -1, folder_fd = -1;
    enum result result;
    if ((result = json_string(params, "path", FILES_PATH_BYTES, &path, fault)) != RESULT_OK ||
        (result = beneath_check(path, true, fault)) != RESULT_OK ||
        (result = json_optional_string(params, "after", BENEATH_NAME_BYTES, &after, fault)) != RESULT_OK ||
        (result = files_enter(f, params, false, &use, &root_fd, fault)) != RESULT_OK) {
        return result;
    }
    if ((result = files_borrow(f, fault)) != RESULT_OK) {
        goto out;
    }
    result = beneath_open_folder(root_fd, path, false, &folder_fd, fault);
    if (result == RESULT_OK && use->root->may_write) {
        files_sweep(use, folder_fd);
    }
    if (result == RESULT_OK) {
        result = read_folder(folder_fd, after != NULL ? after : "", &page, fault);
    }
    if (result == RESULT_OK) {
        print_page(folder_fd, &page, out);
    }
    files_give_back(f);
out:
    page_fini(&page);
    close(root_fd);
    if (folder_fd >= 0) {
        close(folder_fd);
    }
    return result;
}
