/* The owner's words for capabilities. They say what will be possible and what it may cost, not what is planned: the
 * plan is the engineer's reason, and that is shown beside them. */
#include "fieldline/capability_words.h"

#include <string.h>

enum { ENGLISH, CHINESE, LANGUAGES };
static const char *const codes[LANGUAGES] = {[ENGLISH] = "en", [CHINESE] = "zh"};

static const struct capability_words rows[CAPABILITY_COUNT][LANGUAGES] = {
    [CAPABILITY_OBSERVE] = {{"Watch", "See the product's measurements and log lines as they happen. Changes nothing."},
                            {"查看", "实时查看本设备的测量值和日志，不做任何改动。"}},
    [CAPABILITY_DIAGNOSE] = {{"Run checks", "Run the checks that the maker has prepared, and see their results."},
                             {"运行检查", "运行厂家预先准备的检查项目并查看结果。"}},
    [CAPABILITY_CONFIGURE] = {{"Change settings", "Change the product's settings within fixed bounds. A change that is "
                                                  "not confirmed goes back by itself."},
                              {"修改设置", "在规定范围内修改本设备的设置；未经确认的修改会自动撤销。"}},
    [CAPABILITY_FILES] = {{"Copy files", "Copy files from the product and to it, in the folders that this product "
                                         "allows. Files may hold your data."},
                          {"传输文件", "在本设备允许的文件夹内取出或放入文件；文件中可能含有您的数据。"}},
    [CAPABILITY_FORWARD] = {{"Reach a service", "Use a service of the product, such as its web page, as if standing "
                                                "beside it."},
                            {"访问内部服务", "像在现场一样使用本设备内部的服务，例如它的网页。"}},
    [CAPABILITY_UPDATE] = {{"Update software", "Install other software on the product. It may restart."},
                           {"更新软件", "在本设备上安装其他软件；设备可能会重新启动。"}},
    [CAPABILITY_SHELL] = {{"Type commands", "Type any command on the product. Can read and change everything that "
                                            "the product's service account can."},
                          {"输入命令", "在本设备上输入任何命令；可读取和修改服务账户能接触到的一切。"}},
    [CAPABILITY_SCREEN] = {{"See the screen", "See what the product's display shows; operate it only where this "
                                              "product allows that."},
                           {"查看屏幕", "查看本设备屏幕上的内容；仅在本设备允许时可以操作。"}},
};

struct capability_words capability_words(enum capability capability, const char *language) {
    return rows[capability][strcmp(language, codes[CHINESE]) == 0 ? CHINESE : ENGLISH];
}

void capability_words_print(uint32_t bits, struct json_out *out, const char *key) {
    jo_object(out, key);
    for (int c = 0; c < CAPABILITY_COUNT; c++) {
        if (!(bits & CAPABILITY_BIT(c)))
            continue;
        jo_object(out, capability_name((enum capability)c));
        for (int language = 0; language < LANGUAGES; language++) {
            jo_object(out, codes[language]);
            jo_str(out, "name", rows[c][language].name);
            jo_str(out, "does", rows[c][language].does);
            jo_end(out);
        }
        jo_end(out);
    }
    jo_end(out);
}
