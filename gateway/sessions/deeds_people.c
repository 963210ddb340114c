/* Who was there from when to when, and who was in the help call. Told in two ways: a list (session.people), or, by
 * gateways before it, a state addressed to each who joins and a note of each who leaves. Once a list has come, only
 * lists count: a note is also written when one of somebody's legs goes (a tool) and he stays. The call has notes of its
 * own, call.started and call.left; the list says it too, but of each leg, and somebody may have two. */
#include "sessions/deeds_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void leave_call(const struct message *m, struct person *person, const char *media) {
    struct deed deed = deeds_begin(DEED_CALL, m);
    deed.by = person->name;
    deed.n = person->call_n;
    deed.t_ms = person->call_ms;
    deed.text = media;
    if (person->is_in_call) {
        deeds_tell(m, &deed);
    }
    person->is_in_call = false;
}

void deeds_person_leave(const struct message *m, struct person *person) {
    struct deed deed = deeds_begin(DEED_PRESENCE, m);
    leave_call(m, person, "");
    deed.by = person->name;
    deed.n = person->n;
    deed.t_ms = person->here_ms;
    deed.text = person->part;
    if (person->is_here) {
        deeds_tell(m, &deed);
    }
    *person = (struct person){0};
}

static struct person *find_person(const struct message *m, const char *name, bool makes) {
    struct person *free_one = NULL;
    for (size_t i = 0; i < PEOPLE; i++) {
        struct person *person = &m->deeds->people[i];
        if (person->name[0] == '\0') {
            free_one = free_one == NULL ? person : free_one;
        } else if (strcmp(person->name, name) == 0) {
            return person;
        }
    }
    if (!makes || free_one == NULL || name[0] == '\0') {
        return NULL;
    }
    text_copy(free_one->name, sizeof free_one->name, name);
    return free_one;
}

static struct person *enter(const struct message *m, const char *name) {
    struct person *person = find_person(m, name, true);
    if (person != NULL && !person->is_here) {
        person->is_here = true;
        person->n = m->entry->line.n;
        person->here_ms = m->entry->line.t_ms;
    }
    return person;
}

void deeds_on_people(const struct message *m) {
    const struct json *list = m->params == NULL ? NULL : json_get(m->params, "people");
    m->deeds->has_lists = true;
    for (size_t i = 0; list != NULL && json_is_array(list) && i < json_count(list); i++) {
        const struct json *one = json_at(list, i);
        struct person *person = enter(m, deeds_text(one, "name"));
        if (person != NULL) {
            person->is_listed = true;
            text_copy(person->part, sizeof person->part, deeds_text(one, "part"));
        }
    }
    for (size_t i = 0; i < PEOPLE; i++) {
        struct person *person = &m->deeds->people[i];
        if (person->name[0] != '\0' && !person->is_listed) {
            deeds_person_leave(m, person);
        }
        person->is_listed = false;
    }
}

void deeds_on_state(const struct message *m) {
    if (!m->deeds->has_lists) {
        (void)enter(m, deeds_text(m->params, "to"));
    }
}

void deeds_on_joined(const struct message *m) {
    struct person *person = enter(m, m->by);
    if (person != NULL) {
        text_copy(person->part, sizeof person->part, deeds_text(m->params, "part"));
    }
}

void deeds_on_left(const struct message *m) {
    struct person *person = find_person(m, m->by, false);
    if (person != NULL && !m->deeds->has_lists) {
        deeds_person_leave(m, person);
    }
}

void deeds_on_call_started(const struct message *m) {
    struct person *person = enter(m, m->by);
    if (person != NULL && !person->is_in_call) {
        person->is_in_call = true;
        person->call_n = m->entry->line.n;
        person->call_ms = m->entry->line.t_ms;
    }
}

void deeds_on_call_left(const struct message *m) {
    struct person *person = find_person(m, m->by, false);
    const struct json *list = m->params == NULL ? NULL : json_get(m->params, "media");
    struct buf media;
    buf_init(&media, DETAIL_BYTES);
    for (size_t i = 0; list != NULL && json_is_array(list) && i < json_count(list); i++) {
        const char *name = "";
        if (json_as_string(json_at(list, i), &name)) {
            buf_printf(&media, "%s%s", media.count > 0 ? ", " : "", name);
        }
    }
    if (person != NULL) {
        leave_call(m, person, buf_text(&media));
    }
    buf_fini(&media);
}
