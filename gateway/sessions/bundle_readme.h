/* What a bundle says to who opens it, in two languages; private to bundle_write.c. */
#pragma once

extern const char bundle_readme[];
