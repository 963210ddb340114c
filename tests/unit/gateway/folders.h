/* Folders and files for a test, below /tmp; they go when the test's process ends. Every answer is the caller's to free.
 */
#pragma once

char *folder_new(void);
char *folder_inner(const char *folder, const char *name);
char *folder_file(const char *folder, const char *name, const char *text); /* its path */
