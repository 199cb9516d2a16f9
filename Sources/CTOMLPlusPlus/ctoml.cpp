#include "CTOMLPlusPlus.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <sstream>
#include <string_view>

#include <toml++/toml.h>

static void fill(ctoml_problem *problem, int line, int column, std::string_view message) {
    problem->line = line;
    problem->column = column;
    std::snprintf(problem->message, sizeof problem->message, "%.*s",
                  static_cast<int>(message.size()), message.data());
}

// No exception may leave C++: Swift cannot catch it.
extern "C" char *ctoml_to_json(const char *text, size_t length, ctoml_problem *problem) {
    try {
        const toml::table document = toml::parse(std::string_view(text, length));
        std::ostringstream json;
        json << toml::json_formatter(document, toml::format_flags::quote_dates_and_times |
                                                   toml::format_flags::quote_infinities_and_nans);
        return strdup(json.str().c_str());
    } catch (const toml::parse_error &error) {
        const auto &begin = error.source().begin;
        fill(problem, static_cast<int>(begin.line), static_cast<int>(begin.column),
             error.description());
    } catch (const std::exception &error) {
        fill(problem, 1, 1, error.what());
    }
    return nullptr;
}

extern "C" void ctoml_free(char *json) { std::free(json); }
