/* Births tell what a node has, data says only what changed, by alias, and a sequence number tells whether something in
 * between was lost. So the rule is: nothing is believed that a birth has not explained. Data of a node that is not
 * known, of a device that is not born, with an alias that no birth named, or after a gap in the sequence makes us ask
 * for a birth (Node Control/Rebirth), at most every 10 s a node and 50 times a second in all, so that neither a broken
 * client nor our own restart makes a storm. After a gap a lost birth may have given aliases another meaning: until the
 * birth comes, only values that carry their name are taken.
 *
 * A death counts only when its bdSeq is that of the birth: a broker delivers the Will of an old connection when a new
 * one is up already. The reordering timeout of the specification is left out: one connection to one broker keeps order.
 */
#include "ingest/adapters/sparkplug.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/adapters/sparkplug_node.h"

enum sp_type { SP_NBIRTH, SP_NDATA, SP_NDEATH, SP_DBIRTH, SP_DDATA, SP_DDEATH, SP_TYPE_COUNT };
static const char *const types[SP_TYPE_COUNT] = {"NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH"};

struct sparkplug {
    const struct mappings *mappings;
    struct sparkplug_decoder *decoder;
    struct sp_nodes nodes;
    struct pattern_template node_id, device_id;
    int64_t second_mono_ms; /* the second that asked_now counts */
    int asked_now;
    struct sparkplug_figures figures;
};

/* One message on its way. */
struct visit {
    struct sparkplug *sparkplug;
    struct statement *s;
    const struct foreign_message *m;
    const struct adapter_sink *sink;
    struct fault *fault;
    enum sp_type type;
    char group[CAP_TOPIC_BYTES + 1], node_name[CAP_TOPIC_BYTES + 1], member_name[CAP_TOPIC_BYTES + 1];
    char key[CAP_TOPIC_BYTES + 1];
    struct sp_node *node; /* NULL: not known */
    struct sparkplug_payload payload;
};

struct sparkplug *sparkplug_new(const struct mappings *mappings) {
    struct sparkplug *s = mem_alloc(sizeof *s);
    s->mappings = mappings;
    if (template_parse("sp-{group}--{node}", NULL, &s->node_id, NULL) != RESULT_OK ||
        template_parse("sp-{group}--{node}--{device}", NULL, &s->device_id, NULL) != RESULT_OK)
        abort();
    return s;
}

void sparkplug_free(struct sparkplug *s) {
    if (!s)
        return;
    sp_nodes_clear(&s->nodes);
    sparkplug_decoder_free(s->decoder);
    free(s);
}

void sparkplug_forget(struct sparkplug *s) {
    sp_nodes_clear(&s->nodes);
}

struct sparkplug_figures sparkplug_read_figures(const struct sparkplug *s) {
    return s->figures;
}

/* ---- topic and sections
 * ------------------------------------------------------------------------------------------------ */

static bool copy_level(const struct captures *c, size_t index, char out[CAP_TOPIC_BYTES + 1]) {
    memcpy(out, c->items[index].text, c->items[index].chars);
    out[c->items[index].chars] = 0;
    return true;
}

/* False: none of the six kinds of message. */
static bool read_topic(struct visit *v) {
    static const struct pattern of_node = {
        4, {{LEVEL_TEXT, "spBv1.0"}, {LEVEL_NAME, "g"}, {LEVEL_NAME, "t"}, {LEVEL_NAME, "n"}}};
    static const struct pattern of_device = {
        5, {{LEVEL_TEXT, "spBv1.0"}, {LEVEL_NAME, "g"}, {LEVEL_NAME, "t"}, {LEVEL_NAME, "n"}, {LEVEL_NAME, "d"}}};
    struct captures c;
    const bool is_node = pattern_match(&of_node, v->m->topic, v->m->topic_bytes, &c);
    if (!is_node && !pattern_match(&of_device, v->m->topic, v->m->topic_bytes, &c))
        return false;
    for (int i = 0; i < SP_TYPE_COUNT; i++) {
        if (strlen(types[i]) != c.items[1].chars || memcmp(types[i], c.items[1].text, c.items[1].chars) != 0)
            continue;
        v->type = (enum sp_type)i;
        if (is_node != (v->type < SP_DBIRTH))
            return false;
        snprintf(v->key, sizeof v->key, "%.*s/%.*s", (int)c.items[0].chars, c.items[0].text, (int)c.items[2].chars,
                 c.items[2].text);
        return copy_level(&c, 0, v->group) && copy_level(&c, 2, v->node_name) &&
               (is_node || copy_level(&c, 3, v->member_name));
    }
    return false;
}

static bool member_fits(const struct mapping *m, const char *name) {
    if (!m->member)
        return true;
    if (strcmp(m->member, "*") == 0)
        return name[0] != 0;
    return strcmp(m->member, "-") == 0 ? name[0] == 0 : strcmp(m->member, name) == 0;
}

/* name NULL: of the node or any device. */
static const struct mapping *find_section(const struct visit *v, const char *name) {
    for (size_t i = 0; i < v->sparkplug->mappings->count; i++) {
        const struct mapping *m = &v->sparkplug->mappings->items[i];
        if (m->kind == MAPPING_SPARKPLUG && (!m->group || strcmp(m->group, v->group) == 0) &&
            (!m->node || strcmp(m->node, v->node_name) == 0) && (!name || member_fits(m, name)))
            return m;
    }
    return NULL;
}

static void make_id(const struct visit *v, const char *name, char out[CAP_DEVICE_ID_BYTES + 1]) {
    struct captures c = {.count = 0};
    captures_add(&c, "group", v->group, strlen(v->group));
    captures_add(&c, "node", v->node_name, strlen(v->node_name));
    if (name[0])
        captures_add(&c, "device", name, strlen(name));
    foreign_device_id(name[0] ? &v->sparkplug->device_id : &v->sparkplug->node_id, &c, out);
}

/* The member that the message is about; added when it is not there. NULL: too many, the fault says so. */
static struct sp_member *the_member(struct visit *v) {
    struct sp_member *member = sp_member_find(v->node, v->member_name);
    if (member)
        return member;
    member = sp_member_add(v->node, v->member_name);
    if (!member) {
        fault_set(v->fault, RESULT_TOO_BIG, "more than %d devices of one node", SPARKPLUG_MEMBERS_MAX);
        return NULL;
    }
    member->mapping = find_section(v, v->member_name);
    make_id(v, v->member_name, member->id);
    return member;
}

/* ---- saying
 * ------------------------------------------------------------------------------------------------------------ */

static void begin(struct visit *v, const struct sp_member *member) {
    struct statement *s = v->s;
    char serial[2 * CAP_TOPIC_BYTES + 4];
    statement_begin(s, "sparkplug", member->id);
    memcpy(s->model, member->mapping->model, sizeof s->model);
    const int chars = snprintf(serial, sizeof serial, "%s%s%s", v->key, member->name[0] ? "/" : "", member->name);
    statement_label(s->serial, sizeof s->serial, serial, (size_t)chars);
}

static void say_presence(struct visit *v, const struct sp_member *member, enum presence presence) {
    if (!member->mapping)
        return;
    begin(v, member);
    v->s->presence = presence;
    v->sink->say(v->sink->self, v->s);
}

static int64_t time_of(const struct visit *v, const struct sparkplug_metric *m) {
    return m->has_time ? m->event_ms : v->payload.has_time ? v->payload.event_ms : v->m->recv_wall_ms;
}

static bool is_control(const char *name) {
    return strcmp(name, "bdSeq") == 0 || strncmp(name, "Node Control/", 13) == 0 ||
           strncmp(name, "Device Control/", 15) == 0 || strncmp(name, "Properties/", 11) == 0;
}

/* True: the metric tells a fault code, so it needs not be a measurement. */
static bool say_faults(struct visit *v, const struct mapping *mapping, const char *name,
                       const struct sparkplug_metric *m, bool has_number, double number) {
    char word[MAPPING_WORD_BYTES + 1];
    bool is_fault = false;
    for (size_t i = 0; i < mapping->fault_count; i++) {
        const struct mapping_fault *f = &mapping->faults[i];
        if (strcmp(f->source, name) != 0)
            continue;
        is_fault = true;
        if (m->kind == SPARKPLUG_BOOLEAN)
            snprintf(word, sizeof word, "%s", m->is_boolean ? "true" : "false");
        else if (m->kind == SPARKPLUG_TEXT)
            snprintf(word, sizeof word, "%s", m->text);
        else if (has_number)
            snprintf(word, sizeof word, "%.15g", number);
        else
            continue;
        const char *text = f->text[0] ? f->text : name;
        statement_add_fault(v->s, f->code.pieces[0].text, mapping_fault_is_on(f, word), SEVERITY_ERROR, text,
                            strlen(text), time_of(v, m));
    }
    return is_fault;
}

/* By the section's names, or by its own name made into one of ours. */
static void say_metric(struct visit *v, const struct mapping *mapping, const struct sp_known *known,
                       const struct sparkplug_metric *m) {
    const uint32_t datatype = m->datatype ? m->datatype : known->datatype;
    char name[CAP_METRIC_BYTES + 1], part[CAP_PART_BYTES + 1];
    const struct captures none = {.count = 0};
    const struct mapping_metric *found = NULL;
    double number = 0;
    const bool has_number = sparkplug_number(m, datatype, &number);
    const bool is_fault = say_faults(v, mapping, known->name, m, has_number, number);
    for (size_t i = 0; i < mapping->metric_count && !found; i++)
        if (strcmp(mapping->metrics[i].value.source, known->name) == 0)
            found = &mapping->metrics[i];
    if (found) {
        const struct mapping_value *value = &found->value;
        (void)template_fill(&found->metric, &none, name, sizeof name);
        (void)template_fill(&found->part, &none, part, sizeof part);
        if (has_number)
            statement_add_value(v->s, name, part, value->unit[0] ? value->unit : known->unit, time_of(v, m),
                                number * value->scale);
        else if (m->kind == SPARKPLUG_TEXT && mapping_text_number(value, m->text, strlen(m->text), &number))
            statement_add_value(v->s, name, part, value->unit, time_of(v, m), number);
        else if (m->kind != SPARKPLUG_NOTHING)
            statement_reject(v->s, "'%s' (metric %s) is neither a number nor one of its words", known->name, name);
    } else if (has_number && !is_fault && !is_control(known->name)) {
        foreign_metric(known->name, strlen(known->name), name);
        if (name[0])
            statement_add_value(v->s, name, "", known->unit, time_of(v, m), number);
    }
}

/* Every metric of the payload; false: one is not known. */
static bool say_all(struct visit *v, const struct sp_member *member, enum presence presence) {
    bool is_known = true;
    if (member->mapping) {
        begin(v, member);
        v->s->presence = presence;
    }
    for (size_t i = 0; i < v->payload.metric_count; i++) {
        const struct sparkplug_metric *m = &v->payload.metrics[i];
        const struct sp_known *known = sp_member_known(member, m, v->node->is_sure || presence == PRESENCE_ONLINE);
        if (!known)
            is_known = false;
        else if (member->mapping)
            say_metric(v, member->mapping, known, m);
    }
    if (member->mapping && !statement_is_empty(v->s))
        v->sink->say(v->sink->self, v->s);
    return is_known;
}

/* ---- asking
 * ------------------------------------------------------------------------------------------------------------ */

static void ask_birth(struct visit *v) {
    struct sparkplug *sp = v->sparkplug;
    const int64_t now = v->m->now_mono_ms;
    struct buf payload;
    char topic[2 * CAP_TOPIC_BYTES + 24];
    if (now >= sp->second_mono_ms + 1000) {
        sp->second_mono_ms = now;
        sp->asked_now = 0;
    }
    if (now < v->node->ask_mono_ms || sp->asked_now >= SPARKPLUG_REBIRTHS_PER_SECOND)
        return;
    v->node->ask_mono_ms = now + SPARKPLUG_REBIRTH_EVERY_MS;
    sp->asked_now++;
    sp->figures.rebirths_asked++;
    snprintf(topic, sizeof topic, "spBv1.0/%s/NCMD/%s", v->group, v->node_name);
    buf_init(&payload, 256);
    sparkplug_encode_rebirth(v->m->recv_wall_ms, &payload);
    v->sink->ask(v->sink->self, topic, payload.data, payload.count);
    buf_fini(&payload);
}

/* ---- the six kinds
 * ----------------------------------------------------------------------------------------------------- */

static const struct sparkplug_metric *bdseq_of(const struct sparkplug_payload *p) {
    for (size_t i = 0; i < p->metric_count; i++)
        if (p->metrics[i].name && strcmp(p->metrics[i].name, "bdSeq") == 0 && p->metrics[i].kind == SPARKPLUG_INTEGER)
            return &p->metrics[i];
    return NULL;
}

static enum result learn(struct visit *v, struct sp_member *member) {
    sp_member_forget(&v->sparkplug->nodes, member);
    member->is_born = false;
    for (size_t i = 0; i < v->payload.metric_count; i++) {
        const enum result result = sp_member_learn(&v->sparkplug->nodes, member, &v->payload.metrics[i], v->fault);
        if (result != RESULT_OK)
            return result;
    }
    member->is_born = true;
    member->was_born = false;
    return RESULT_OK;
}

static enum result node_birth(struct visit *v) {
    struct sp_node *node = v->node;
    const struct sparkplug_metric *bdseq = bdseq_of(&v->payload);
    struct sp_member *self = the_member(v), *member, *next;
    if (!self)
        return RESULT_TOO_BIG;
    node->is_born = false;
    const enum result result = learn(v, self);
    if (result != RESULT_OK)
        return result;
    HASH_ITER(hh, node->members, member, next) {
        if (member == self)
            continue;
        member->was_born = member->was_born || member->is_born;
        member->is_born = false;
        sp_member_forget(&v->sparkplug->nodes, member);
        node->has_unborn = true;
    }
    node->is_born = node->is_sure = true;
    node->seq = (uint8_t)v->payload.seq;
    node->has_bdseq = bdseq != NULL;
    node->bdseq = bdseq ? bdseq->integer : 0;
    (void)say_all(v, self, PRESENCE_ONLINE);
    return RESULT_OK;
}

/* The node's births come before its data: a device that did not come again by now is gone. */
static void settle_unborn(struct visit *v) {
    struct sp_member *member, *next;
    if (!v->node->has_unborn || !v->node->is_sure)
        return;
    v->node->has_unborn = false;
    HASH_ITER(hh, v->node->members, member, next) {
        if (member->was_born && !member->is_born)
            say_presence(v, member, PRESENCE_OFFLINE);
        member->was_born = false;
    }
}

/* Does the message follow the one before it? If not, nothing is sure until the next birth. */
static void check_seq(struct visit *v) {
    struct sp_node *node = v->node;
    if ((uint8_t)(node->seq + 1) != v->payload.seq) {
        node->is_sure = false;
        v->sparkplug->figures.gaps++;
    }
    node->seq = (uint8_t)v->payload.seq;
    if (!node->is_sure)
        ask_birth(v);
}

static enum result device_birth(struct visit *v) {
    struct sp_member *member = the_member(v);
    if (!member)
        return RESULT_TOO_BIG;
    const enum result result = learn(v, member);
    if (result == RESULT_OK)
        (void)say_all(v, member, PRESENCE_ONLINE);
    return result;
}

static enum result data(struct visit *v) {
    struct sp_member *member = sp_member_find(v->node, v->member_name);
    settle_unborn(v);
    if (!member || !member->is_born || !say_all(v, member, PRESENCE_UNSAID))
        ask_birth(v);
    return RESULT_OK;
}

static enum result device_death(struct visit *v) {
    struct sp_member *member = sp_member_find(v->node, v->member_name);
    if (!member)
        return RESULT_OK;
    member->is_born = member->was_born = false;
    sp_member_forget(&v->sparkplug->nodes, member);
    say_presence(v, member, PRESENCE_OFFLINE);
    return RESULT_OK;
}

static enum result node_death(struct visit *v) {
    const struct sparkplug_metric *bdseq = bdseq_of(&v->payload);
    struct sp_member *member, *next;
    if (!v->node)
        return RESULT_OK;
    if (v->node->has_bdseq && (!bdseq || bdseq->integer != v->node->bdseq))
        return RESULT_OK; /* the Will of a connection before this one */
    v->node->is_born = v->node->is_sure = v->node->has_unborn = false;
    HASH_ITER(hh, v->node->members, member, next) {
        member->is_born = member->was_born = false;
        sp_member_forget(&v->sparkplug->nodes, member);
        say_presence(v, member, PRESENCE_OFFLINE);
    }
    return RESULT_OK;
}

static enum result receive(struct visit *v) {
    v->node = sp_node_find(&v->sparkplug->nodes, v->key);
    if (v->type == SP_NDEATH)
        return node_death(v);
    if (!v->payload.has_seq || v->payload.seq > UINT8_MAX)
        return fault_set(v->fault, RESULT_BAD_INPUT, "%s without a sequence number of 0 to 255", types[v->type]);
    if (!v->node && !(v->node = sp_node_add(&v->sparkplug->nodes, v->key)))
        return fault_set(v->fault, RESULT_TOO_BIG, "more than %d Sparkplug nodes", SPARKPLUG_NODES_MAX);
    if (v->type == SP_NBIRTH)
        return node_birth(v);
    if (!v->node->is_born) {
        ask_birth(v); /* what was measured meanwhile comes with the birth, as it is then */
        return RESULT_OK;
    }
    check_seq(v);
    if (v->type == SP_DBIRTH)
        return device_birth(v);
    return v->type == SP_DDEATH ? device_death(v) : data(v);
}

enum result sparkplug_receive(struct sparkplug *s, struct statement *scratch, const struct foreign_message *m,
                              const struct adapter_sink *sink, char device[CAP_DEVICE_ID_BYTES + 1],
                              struct fault *fault) {
    struct visit v = {.sparkplug = s, .s = scratch, .m = m, .sink = sink, .fault = fault};
    if (m->topic_bytes < 8 || memcmp(m->topic, "spBv1.0/", 8) != 0)
        return RESULT_NOT_FOUND;
    if (!read_topic(&v))
        return fault_set(fault, RESULT_BAD_INPUT, "not a Sparkplug birth, data or death");
    make_id(&v, v.member_name, device);
    if (m->is_retained)
        return fault_set(fault, RESULT_BAD_INPUT, "a retained %s: Sparkplug messages are not to be retained",
                         types[v.type]);
    if (!find_section(&v, NULL))
        return fault_set(fault, RESULT_BAD_INPUT, "no [sparkplug ...] section has group '%s' and node '%s'", v.group,
                         v.node_name);
    if (!s->decoder)
        s->decoder = sparkplug_decoder_new(); /* megabytes: not before they are needed */
    const enum result result = sparkplug_decode(s->decoder, m->payload, m->payload_bytes, &v.payload, fault);
    return result == RESULT_OK ? receive(&v) : result;
}
