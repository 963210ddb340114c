/* The grant between the resident agent and a session process. Both come from the same package, and still it is checked
 * as if it came from anywhere: the session process is the one place that holds the line when everything else is wrong.
 */
#include "session_grant.h"

#include <stdlib.h>
#include <string.h>

#include "diagnostic_args.h"

enum { OBSERVE_LEAST_MOST_MS = 3600 * 1000 };

static void print_argv(struct json_out *j, const char *key, char *const *argv) {
    jo_array(j, key);
    for (; *argv != NULL; argv++) {
        jo_str(j, NULL, *argv);
    }
    jo_end(j);
}

void session_grant_print_proof(const struct session_grant *g, struct json_out *out) {
    if (g->consent_statement != NULL) {
        jo_str(out, "statement", g->consent_statement);
        jo_str(out, "signature", g->consent_signature);
        jo_str(out, "key", g->consent_key);
        jo_str(out, "point", g->consent_point);
    }
}

void session_grant_print(const struct session_grant *g, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "session", g->session);
    jo_str(&j, "device", g->device);
    jo_str(&j, "agent", g->agent);
    jo_str(&j, "url", g->url);
    jo_str(&j, "token", g->token);
    jo_str(&j, "ca", g->ca);
    jo_str(&j, "cert", g->cert);
    jo_str(&j, "key", g->key);
    capabilities_write(&j, "capabilities", g->capabilities);
    jo_object(&j, "consent");
    jo_str(&j, "method", g->consent_method);
    jo_str(&j, "by", g->consent_by);
    jo_int(&j, "at_ms", g->consent_at_ms);
    jo_int(&j, "until_ms", g->consent_until_ms);
    session_grant_print_proof(g, &j);
    jo_end(&j);
    jo_int(&j, "duration_ms", g->duration_ms);
    jo_int(&j, "idle_ms", g->idle_ms);
    jo_int(&j, "observe_least_ms", g->observe_least_ms);
    if (g->shell != NULL) {
        print_argv(&j, "shell", g->shell);
    }
    if (g->shell_user != NULL) {
        jo_str(&j, "shell_user", g->shell_user);
    }
    jo_array(&j, "diagnostics");
    for (size_t i = 0; i < g->diagnostic_count; i++) {
        jo_object(&j, NULL);
        jo_str(&j, "name", g->diagnostics[i].name);
        print_argv(&j, "argv", g->diagnostics[i].argv);
        jo_int(&j, "limit_ms", g->diagnostics[i].limit_ms);
        if (g->diagnostics[i].title != NULL) {
            jo_str(&j, "title", g->diagnostics[i].title);
        }
        if (g->diagnostics[i].args != NULL) {
            jo_str(&j, "args", g->diagnostics[i].args);
        }
        jo_bool(&j, "bundle", g->diagnostics[i].in_bundle);
        jo_end(&j);
    }
    jo_end(&j);
    files_roots_print(g->files_roots, &j);
    session_ports_print(g->ports, g->port_count, &j);
    if (g->parameters.count > 0) {
        param_set_print(&g->parameters, &j, "parameters");
    }
    jo_end(&j);
}

/* Pointers into the JSON: it outlives the array. */
static enum result take_argv(const struct json *object, const char *key, char ***out, struct fault *fault) {
    const struct json *list;
    enum result result = json_array(object, key, SESSION_GRANT_ARGS, &list, fault);
    if (result != RESULT_OK) {
        return result;
    }
    size_t count = json_count(list);
    char **argv = mem_alloc((count + 1) * sizeof *argv);
    for (size_t i = 0; i < count; i++) {
        const char *text;
        if (!json_as_string(json_at(list, i), &text)) {
            free(argv);
            return fault_set(fault, RESULT_BAD_INPUT, "'%s' has a member that is no string", key);
        }
        argv[i] = (char *)text;
    }
    if (count == 0 || argv[0][0] != '/') {
        free(argv);
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' must begin with the absolute path of a program", key);
    }
    *out = argv;
    return RESULT_OK;
}

/* What it declares must be readable and fit its command. */
static enum result take_args(const struct json *row, struct session_diagnostic *d, struct fault *fault) {
    struct diagnostic_args args;
    enum result result = json_optional_string(row, "args", DIAGNOSTIC_ARGS_TEXT_BYTES, &d->args, fault);
    if (result != RESULT_OK) {
        return result;
    }
    result = diagnostic_args_parse(d->args != NULL ? d->args : "", &args, fault);
    if (result == RESULT_OK) {
        result = diagnostic_args_check(&args, d->argv, fault);
    }
    diagnostic_args_fini(&args);
    return result;
}

static enum result take_diagnostics(const struct json *object, struct session_grant *g, struct fault *fault) {
    const struct json *list;
    enum result result = json_array(object, "diagnostics", SESSION_GRANT_DIAGNOSTICS, &list, fault);
    if (result != RESULT_OK) {
        return result;
    }
    g->diagnostics = mem_alloc((json_count(list) + 1) * sizeof *g->diagnostics);
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *row = json_at(list, i);
        struct session_diagnostic *d = &g->diagnostics[i];
        if (!json_is_object(row)) {
            return fault_set(fault, RESULT_BAD_INPUT, "'diagnostics' has a member that is no object");
        }
        if ((result = json_string(row, "name", CAP_CODE_BYTES, &d->name, fault)) != RESULT_OK ||
            (result = json_integer(row, "limit_ms", 1, CAP_SESSION_SECONDS * 1000LL, &d->limit_ms, fault)) !=
                RESULT_OK ||
            (result = json_optional_string(row, "title", SESSION_GRANT_TEXT_BYTES, &d->title, fault)) != RESULT_OK ||
            (json_get(row, "bundle") != NULL &&
             (result = json_bool(row, "bundle", &d->in_bundle, fault)) != RESULT_OK) ||
            (result = take_argv(row, "argv", &d->argv, fault)) != RESULT_OK) {
            return result;
        }
        g->diagnostic_count++; /* from here on its argv is freed with the rest */
        if ((result = take_args(row, d, fault)) != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

static enum result take_consent(const struct json *object, struct session_grant *g, struct fault *fault) {
    const struct json *consent = json_get(object, "consent");
    enum result result;
    if (consent == NULL || !json_is_object(consent)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'consent' is missing");
    }
    if ((result = json_string(consent, "method", 15, &g->consent_method, fault)) != RESULT_OK ||
        (result = json_string(consent, "by", 63, &g->consent_by, fault)) != RESULT_OK ||
        (result = json_integer(consent, "at_ms", 0, INT64_MAX / 2, &g->consent_at_ms, fault)) != RESULT_OK) {
        return result;
    }
    if ((result = json_integer(consent, "until_ms", 0, INT64_MAX / 2, &g->consent_until_ms, fault)) != RESULT_OK ||
        (result = json_optional_string(consent, "statement", OWNER_STATEMENT_BYTES, &g->consent_statement, fault)) !=
            RESULT_OK ||
        (result = json_optional_string(consent, "signature", OWNER_SIGNATURE_CHARS, &g->consent_signature, fault)) !=
            RESULT_OK) {
        return result;
    }
    if ((result = json_optional_string(consent, "key", SHA256_HEX_BYTES - 1, &g->consent_key, fault)) == RESULT_OK) {
        result = json_optional_string(consent, "point", OWNER_POINT_CHARS, &g->consent_point, fault);
    }
    bool is_signed = g->consent_statement != NULL;
    if (result == RESULT_OK && (is_signed != (g->consent_signature != NULL) || is_signed != (g->consent_key != NULL) ||
                                is_signed != (g->consent_point != NULL))) {
        return fault_set(fault, RESULT_BAD_INPUT,
                         "'consent' has a statement, a signature, a key or its point, but not all four");
    }
    return result;
}

static enum result take_all(const struct json *o, struct session_grant *g, struct fault *fault) {
    enum result result;
    if ((result = json_string(o, "session", CAP_UUID_BYTES, &g->session, fault)) != RESULT_OK ||
        (result = json_string(o, "device", CAP_DEVICE_ID_BYTES, &g->device, fault)) != RESULT_OK ||
        (result = json_string(o, "agent", CAP_VERSION_BYTES, &g->agent, fault)) != RESULT_OK ||
        (result = json_string(o, "url", 512, &g->url, fault)) != RESULT_OK ||
        (result = json_string(o, "token", 128, &g->token, fault)) != RESULT_OK ||
        (result = json_string(o, "ca", SESSION_GRANT_TEXT_BYTES, &g->ca, fault)) != RESULT_OK ||
        (result = json_string(o, "cert", SESSION_GRANT_TEXT_BYTES, &g->cert, fault)) != RESULT_OK ||
        (result = json_string(o, "key", SESSION_GRANT_TEXT_BYTES, &g->key, fault)) != RESULT_OK ||
        (result = capabilities_read(o, "capabilities", &g->capabilities, fault)) != RESULT_OK ||
        (result = take_consent(o, g, fault)) != RESULT_OK ||
        (result = json_integer(o, "duration_ms", 1000, CAP_SESSION_SECONDS * 1000LL, &g->duration_ms, fault)) !=
            RESULT_OK ||
        (result = json_integer(o, "idle_ms", 1000, CAP_SESSION_SECONDS * 1000LL, &g->idle_ms, fault)) != RESULT_OK ||
        (result = json_integer(o, "observe_least_ms", 0, OBSERVE_LEAST_MOST_MS, &g->observe_least_ms, fault)) !=
            RESULT_OK ||
        (result = json_optional_string(o, "shell_user", 63, &g->shell_user, fault)) != RESULT_OK ||
        (result = take_diagnostics(o, g, fault)) != RESULT_OK ||
        (result = files_roots_read(o, &g->files_roots, fault)) != RESULT_OK ||
        (result = session_ports_take(o, &g->ports, &g->port_count, fault)) != RESULT_OK) {
        return result;
    }
    if (g->capabilities == 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "'capabilities' is empty");
    }
    if (!uuid_valid(g->session)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'session' is no UUID");
    }
    const struct json *parameters = json_get(o, "parameters");
    if (parameters != NULL && (result = param_set_read(parameters, &g->parameters, fault)) != RESULT_OK) {
        return result;
    }
    if (json_get(o, "shell") != NULL) {
        return take_argv(o, "shell", &g->shell, fault);
    }
    return (g->capabilities & CAPABILITY_BIT(CAPABILITY_SHELL)) == 0
               ? RESULT_OK
               : fault_set(fault, RESULT_BAD_INPUT, "'shell' is missing, but the capability is there");
}

enum result session_grant_parse(const char *text, size_t chars, struct session_grant *out, struct fault *fault) {
    struct session_grant g = {0};
    if (chars > SESSION_GRANT_BYTES) {
        return fault_set(fault, RESULT_TOO_BIG, "the grant has more than %d bytes", SESSION_GRANT_BYTES);
    }
    enum result result = json_parse(text, chars, &g.holder, fault);
    if (result == RESULT_OK && !json_is_object(g.holder)) {
        result = fault_set(fault, RESULT_BAD_INPUT, "the grant must be an object");
    }
    if (result == RESULT_OK) {
        result = take_all(g.holder, &g, fault);
    }
    if (result != RESULT_OK) {
        session_grant_fini(&g);
        return result;
    }
    *out = g;
    return RESULT_OK;
}

void session_grant_fini(struct session_grant *grant) {
    for (size_t i = 0; i < grant->diagnostic_count; i++) {
        free(grant->diagnostics[i].argv);
    }
    free(grant->diagnostics);
    files_roots_free(grant->files_roots);
    free(grant->ports);
    free(grant->shell);
    param_set_fini(&grant->parameters);
    json_free(grant->holder);
    *grant = (struct session_grant){0};
}
