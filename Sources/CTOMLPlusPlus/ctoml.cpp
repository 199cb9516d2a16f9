// In a build without assertions toml++ tells the compiler to take them for true.
#undef NDEBUG

#include "CTOMLPlusPlus.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <sstream>
#include <string_view>

namespace {
// toml++ 3.3 asserts that a key begins like one, and a broken header such as `[{` proves it wrong. A
// broken file of somebody else must not end the program, so its assertions are errors here.
struct broken_assumption : std::exception {
    const char *what() const noexcept override { return "not TOML"; }
};
}  // namespace

#define TOML_ASSERT(expr) (static_cast<bool>(expr) ? static_cast<void>(0) : throw broken_assumption())
#include <toml++/toml.h>

static void fill(ctoml_problem *problem, int line, int column, std::string_view message) {
    problem->line = line;
    problem->column = column;
    std::snprintf(problem->message, sizeof problem->message, "%.*s",
                  static_cast<int>(message.size()), message.data());
}

static bool breaks_assumption(std::string_view text) {
    try {
        toml::parse(text);
    } catch (const broken_assumption &) {
        return true;
    } catch (const std::exception &) {
    }
    return false;
}

// A broken assumption does not say where: the first line after which it is met. By halving, since
// what follows a broken line does not mend it.
static int line_of_broken_assumption(std::string_view text) {
    int low = 1;
    int high = 1 + static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    while (low < high) {
        const int middle = low + (high - low) / 2;
        size_t end = 0;
        for (int line = 0; line < middle && end != std::string_view::npos; line++) {
            end = text.find('\n', line == 0 ? 0 : end + 1);
        }
        if (breaks_assumption(text.substr(0, end))) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

// No exception may leave C++: Swift cannot catch it.
extern "C" char *ctoml_to_json(const char *text, size_t length, ctoml_problem *problem) {
    const std::string_view document(text, length);
    try {
        const toml::table table = toml::parse(document);
        std::ostringstream json;
        json << toml::json_formatter(table, toml::format_flags::quote_dates_and_times |
                                                toml::format_flags::quote_infinities_and_nans);
        return strdup(json.str().c_str());
    } catch (const toml::parse_error &error) {
        const auto &begin = error.source().begin;
        fill(problem, static_cast<int>(begin.line), static_cast<int>(begin.column),
             error.description());
    } catch (const broken_assumption &error) {
        fill(problem, line_of_broken_assumption(document), 1, error.what());
    } catch (const std::exception &error) {
        fill(problem, 1, 1, error.what());
    }
    return nullptr;
}

extern "C" void ctoml_free(char *json) { std::free(json); }
