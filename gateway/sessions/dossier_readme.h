/* What a bundle says to who opens it, in two languages; private to dossier_write.c. */
#pragma once

extern const char dossier_readme[];
