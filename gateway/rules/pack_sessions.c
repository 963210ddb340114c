/* The section `sessions` of pack.yaml -> struct pack_session_rule for each capability: whether a second person has to
 * approve, whether a moderator has to be there, how long. A pack can only ask for more than the gateway's own
 * configuration does, never for less; what is not written asks for nothing.
 *
 * There is no key that turns the recording off: everything is recorded, always. A rule for a capability that the pack
 * itself does not allow is an error, for it looks like a permission and is none. */
#include "rules/pack_parts.h"

#include <string.h>

enum { WORD_BYTES = 30, LONGEST_MINUTES = CAP_SESSION_SECONDS / 60 };

/* One of two words; what it says when it is neither. */
static void read_choice(const struct document *doc, const struct yaml_field *field, const char *no, const char *yes,
                        bool *out, struct problems *problems) {
    const char *text;
    if (!field->at || !document_text(doc, field->at, field->key, WORD_BYTES, &text, problems))
        return;
    *out = strcmp(text, yes) == 0;
    if (!*out && strcmp(text, no) != 0)
        document_problem(doc, field->at, problems, "'%s' is \"%s\", expected %s or %s", field->key, text, no, yes);
}

static void read_minutes(const struct document *doc, const struct yaml_field *field, int64_t *out,
                         struct problems *problems) {
    double minutes;
    if (!field->at || !document_number(doc, field->at, field->key, &minutes, problems))
        return;
    if (minutes < 1 || minutes > LONGEST_MINUTES || minutes != (double)(int64_t)minutes)
        document_problem(doc, field->at, problems, "'%s' must be a whole number of 1 to %d", field->key,
                         LONGEST_MINUTES);
    else
        *out = (int64_t)minutes;
}

static void read_rule(struct pack *pack, const struct document *doc, const char *name, yaml_at name_at, yaml_at at,
                      struct problems *problems) {
    enum { APPROVAL, MODERATOR, MINUTES, FIELDS };
    struct yaml_field f[FIELDS] = {{"approval", false, 0}, {"moderator", false, 0}, {"max_minutes", false, 0}};
    enum capability capability;
    if (!capability_parse(name, &capability)) {
        document_problem(doc, name_at, problems, "'%s' is no capability", name);
        return;
    }
    if ((pack->capabilities & CAPABILITY_BIT(capability)) == 0)
        document_problem(doc, name_at, problems, "'%s' is not among the pack's capabilities", name);
    if (!document_fields(doc, at, "a session's rule", f, FIELDS, problems))
        return;
    struct pack_session_rule *rule = &pack->sessions[capability];
    read_choice(doc, &f[APPROVAL], "none", "second_person", &rule->needs_approval, problems);
    read_choice(doc, &f[MODERATOR], "no", "required", &rule->needs_moderator, problems);
    read_minutes(doc, &f[MINUTES], &rule->max_minutes, problems);
}

void pack_read_sessions(struct pack *pack, const struct document *doc, yaml_at at, struct problems *problems) {
    size_t count = 0;
    if (!at || !document_map(doc, at, "sessions", CAPABILITY_COUNT, &count, problems))
        return;
    for (size_t i = 0; i < count; i++) {
        const char *name;
        yaml_at name_at, value;
        if (document_pair(doc, at, i, &name, &name_at, &value, problems))
            read_rule(pack, doc, name, name_at, value, problems);
    }
}
