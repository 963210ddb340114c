/* Principal components by Jacobi's rotations (Golub and Van Loan, 8.5): at most 65 features, once when a pack is
 * loaded, so the simplest method that cannot fail. Components are held within what was seen: a polynomial over them is
 * worthless outside. */
#include "rules/detect/principal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"

enum { SWEEPS_MAX = 60 };
static const double WORTH_KEEPING = 1e-6; /* of the greatest variance */

static void covariance(struct principal *p, const double *features, size_t rows, double *out) {
    const int n = p->feature_count;
    for (int i = 0; i < n; i++) {
        p->mean[i] = 0;
        for (size_t k = 0; k < rows; k++)
            p->mean[i] += features[k * (size_t)n + (size_t)i] / (double)rows;
    }
    for (size_t k = 0; k < rows; k++) {
        double off[PRINCIPAL_FEATURES_MAX];
        for (int i = 0; i < n; i++)
            off[i] = features[k * (size_t)n + (size_t)i] - p->mean[i];
        for (int i = 0; i < n; i++)
            for (int j = 0; j <= i; j++)
                out[i * n + j] += off[i] * off[j] / (double)rows;
    }
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++)
            out[i * n + j] = out[j * n + i];
}

static void rotate(double *m, int stride_a, int stride_b, int n, int a, int b, double c, double s) {
    for (int k = 0; k < n; k++) {
        double *x = &m[k * stride_a + a * stride_b], *y = &m[k * stride_a + b * stride_b];
        const double was = *x;
        *x = c * was - s * *y;
        *y = s * was + c * *y;
    }
}

/* One sweep over all pairs; false when nothing is left to be turned. The axes become columns of `v`. */
static bool sweep(double *m, double *v, int n) {
    bool turned = false;
    for (int a = 0; a < n; a++)
        for (int b = a + 1; b < n; b++) {
            const double off = m[a * n + b];
            if (fabs(off) <= 1e-14 * (fabs(m[a * n + a]) + fabs(m[b * n + b])))
                continue;
            const double theta = (m[b * n + b] - m[a * n + a]) / (2 * off);
            const double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
            const double c = 1 / sqrt(t * t + 1), s = t * c;
            rotate(m, n, 1, n, a, b, c, s);
            rotate(m, 1, n, n, a, b, c, s);
            rotate(v, n, 1, n, a, b, c, s);
            turned = true;
        }
    return turned;
}

/* Takes the axis of the greatest variance that is left. */
static int greatest(const double *m, int n, const bool *taken) {
    int best = -1;
    for (int i = 0; i < n; i++)
        if (!taken[i] && (best < 0 || m[i * n + i] > m[best * n + best]))
            best = i;
    return best;
}

static void keep(struct principal *p, const double *m, const double *v) {
    const int n = p->feature_count;
    bool taken[PRINCIPAL_FEATURES_MAX] = {false};
    double first = 0;
    for (p->count = 0; p->count < PRINCIPAL_MAX && p->count < n; p->count++) {
        const int best = greatest(m, n, taken);
        const double variance = m[best * n + best];
        first = p->count == 0 ? variance : first;
        if (!(variance > first * WORTH_KEEPING))
            return;
        taken[best] = true;
        for (int i = 0; i < n; i++)
            p->axes[p->count][i] = v[i * n + best] / sqrt(variance);
    }
}

static void project(const struct principal *p, const double *features, double *out) {
    for (int c = 0; c < p->count; c++) {
        double sum = 0;
        for (int i = 0; i < p->feature_count; i++)
            sum += p->axes[c][i] * (features[i] - p->mean[i]);
        out[c] = sum;
    }
}

void principal_learn(struct principal *p, const double *features, size_t rows, int feature_count) {
    const size_t room = (size_t)feature_count * (size_t)feature_count;
    double *m = mem_alloc(2 * room * sizeof *m), *v = m + room;
    *p = (struct principal){.feature_count = feature_count};
    covariance(p, features, rows, m);
    for (int i = 0; i < feature_count; i++)
        v[i * feature_count + i] = 1;
    for (int i = 0; i < SWEEPS_MAX && sweep(m, v, feature_count); i++)
        ;
    keep(p, m, v);
    free(m);
    for (size_t k = 0; k < rows; k++) {
        double row[PRINCIPAL_MAX];
        project(p, features + k * (size_t)feature_count, row);
        for (int c = 0; c < p->count; c++) {
            p->low[c] = k == 0 ? row[c] : fmin(p->low[c], row[c]);
            p->high[c] = k == 0 ? row[c] : fmax(p->high[c], row[c]);
        }
    }
}

void principal_project(const struct principal *p, const double *features, double *out) {
    project(p, features, out);
    for (int c = 0; c < p->count; c++)
        out[c] = fmin(fmax(out[c], p->low[c]), p->high[c]);
}
