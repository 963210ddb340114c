/* Knowledge, ranked by how many of the ticket's alarms an article names. What actually fixed that fault on that model
 * will join the rank when tickets have told it; the signature stays. */
#include "tickets/knowledge.h"

#include <string.h>

static bool names(const struct pack_article *article, const char *alarm) {
    for (char **code = article->codes; code != NULL && *code != NULL; code++)
        if (strcmp(*code, alarm) == 0)
            return true;
    return false;
}

static size_t named(const struct pack_article *article, const char *const *alarms, size_t alarm_count) {
    size_t count = 0;
    for (size_t i = 0; i < alarm_count; i++)
        count += names(article, alarms[i]) ? 1 : 0;
    return count;
}

size_t knowledge_for(const struct pack *pack, const char *const *alarms, size_t alarm_count,
                     const struct pack_article **out, size_t room) {
    size_t count = 0;
    for (size_t wanted = alarm_count; wanted > 0; wanted--)
        for (size_t i = 0; i < pack->article_count && count < room; i++)
            if (named(&pack->articles[i], alarms, alarm_count) == wanted)
                out[count++] = &pack->articles[i];
    return count;
}
