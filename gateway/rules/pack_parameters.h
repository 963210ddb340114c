/* What a pack says of its model's parameters: title, type, bounds (narrower than the product's, never wider: the
 * product enforces its own), risk, what must hold between them, and which figures must be how after a change. Part of
 * struct pack; read-only after loading. */
#pragma once
#include "fieldline/bytes.h"
#include "fieldline/parameter.h"

enum pack_risk { RISK_LOW, RISK_MEDIUM, RISK_HIGH };

struct pack_parameter {
    char *name, *title, *title_zh;
    char unit[CAP_UNIT_BYTES + 1];
    struct parameter_form form;
    enum pack_risk risk;
    bool is_writable, restarts, has_initial;
    struct parameter_value initial; /* as the maker delivers it */
};
struct pack_parameters {
    struct pack_parameter *items;
    size_t count;
    struct parameter_rule *depends; /* between parameters: hold before anything is sent */
    size_t depends_count;
    struct parameter_rule *health; /* of metrics: hold before a job confirms; shown to an engineer who confirms */
    size_t health_count;
    int64_t confirm_min_s, confirm_max_s; /* how long a change may wait */
};
/* NULL: there is none. */
const struct pack_parameter *pack_parameter_find(const struct pack_parameters *parameters, const char *name);
/* configure.set's values and confirm_s, as an object of params: known, writable, of the type, within bounds. The rules
 * in which all names are set together are asked too; the others need what the product has, and it asks them. */
FL_CHECK enum result pack_parameters_check(const struct pack_parameters *parameters, const struct json *values,
                                           int64_t confirm_s, struct fault *fault);
/* The object's members "parameters", "depends", "health" and "confirm_s". */
void pack_parameters_print(const struct pack_parameters *parameters, struct json_out *j);
void pack_parameters_fini(struct pack_parameters *parameters);
