/* The mapping file (adapters.conf): what topics and values of foreign devices mean. Read once at start.
 *
 *   [json NAME]        one topic pattern of plain JSON or plain text, and what is in its payload
 *   [sparkplug NAME]   which Sparkplug nodes and devices are of which model
 *   [thin-edge NAME]   the same for thin-edge.io
 *
 * The first section of its kind that fits is used. deploy/adapters.conf.example explains every key. */
#pragma once
#include "ingest/adapters/foreign_name.h"
#include "ingest/adapters/foreign_time.h"
#include "ingest/adapters/json_path.h"

enum {
    MAPPINGS_MAX = 256,        /* sections */
    MAPPING_METRICS_MAX = 100, /* in a section */
    MAPPING_FAULTS_MAX = 50,
    MAPPING_WORDS_MAX = 8,  /* of a value */
    MAPPING_WORD_BYTES = 31 /* of each */
};
enum mapping_kind { MAPPING_JSON, MAPPING_SPARKPLUG, MAPPING_THIN_EDGE };

/* PATH | UNIT | x0.001 on=1 off=0 */
struct mapping_value {
    char source[JSON_PATH_BYTES + 1]; /* as written: a path, or a Sparkplug metric's name */
    struct json_path path;            /* not for Sparkplug */
    char unit[CAP_UNIT_BYTES + 1];
    double scale; /* 1 when not given */
    size_t word_count;
    struct mapping_word {
        char text[MAPPING_WORD_BYTES + 1];
        double value;
    } words[MAPPING_WORDS_MAX];
};
struct mapping_metric {
    bool is_all; /* metric * = PATH: every number of that object, under its own name */
    struct pattern_template metric, part;
    struct mapping_value value;
};
/* PATH | WORD ... | TEXT: the code is on while the value is one of the words. */
struct mapping_fault {
    struct pattern_template code;
    char source[JSON_PATH_BYTES + 1];
    struct json_path path;
    size_t word_count;
    char words[MAPPING_WORDS_MAX][MAPPING_WORD_BYTES + 1];
    char text[CAP_VERSION_BYTES + 1];
};
/* PATH | ONLINE OFFLINE */
struct mapping_presence {
    struct json_path path;
    char online[MAPPING_WORD_BYTES + 1], offline[MAPPING_WORD_BYTES + 1];
};

struct mapping {
    enum mapping_kind kind;
    char name[64];
    struct pattern topic;           /* json: whole; thin-edge: what stands in front ("te") */
    struct pattern_template device; /* json */
    char *group, *node;             /* sparkplug: exact name, NULL: any */
    char *member;                   /* NULL: any; "*": any device but not the node itself; "-": the node; or a name */
    char model[CAP_MODEL_BYTES + 1];
    bool is_model_told; /* thin-edge, model = {type}: the device's type is its model */
    bool has_topic, has_device, has_presence, has_time, has_serial, has_firmware, has_online_service;
    struct mapping_presence presence;
    struct json_path time, serial, firmware; /* json */
    int offset_min;
    char online_service[CAP_PART_BYTES + 1]; /* thin-edge: its health is the device's presence */
    struct mapping_metric *metrics;
    size_t metric_count;
    struct mapping_fault *faults;
    size_t fault_count;
};
struct mappings {
    struct mapping *items;
    size_t count;
};
/* Problems as "file:line: text" lines. */
FL_CHECK enum result mappings_read(const char *path, struct mappings **out, struct buf *problems);
FL_CHECK enum result mappings_read_text(const char *name, const char *text, struct mappings **out,
                                        struct buf *problems);
void mappings_free(struct mappings *m);

/* The value of a JSON node: numbers, booleans (1, 0), texts that are words of the mapping or numbers. False: none of
 * these. The scale is applied. */
FL_CHECK bool mapping_number(const struct mapping_value *value, const struct json *node, double *out);
FL_CHECK bool mapping_text_number(const struct mapping_value *value, const char *text, size_t chars, double *out);
/* How a node is compared with words: a text as it is, true, false, a number as short as it can be. False: an object,
 * array or null. */
FL_CHECK bool mapping_word(const struct json *node, char *out, size_t room);
/* Is the word one of the fault's? */
bool mapping_fault_is_on(const struct mapping_fault *fault, const char *word);
