/* The principal components of some features: few numbers that say most of what the features say. */
#pragma once
#include <stddef.h>

enum { PRINCIPAL_FEATURES_MAX = 65, PRINCIPAL_MAX = 16 };

struct principal {
    int feature_count, count;
    double mean[PRINCIPAL_FEATURES_MAX];
    double axes[PRINCIPAL_MAX][PRINCIPAL_FEATURES_MAX]; /* scaled: a component's variance is 1 */
    double low[PRINCIPAL_MAX], high[PRINCIPAL_MAX];     /* what the components were */
};

/* `rows` rows of feature_count values. At most PRINCIPAL_MAX components, fewer where there is nothing more to say. */
void principal_learn(struct principal *p, const double *features, size_t rows, int feature_count);
/* Components of one row, held within what was seen. */
void principal_project(const struct principal *p, const double *features, double *out);
