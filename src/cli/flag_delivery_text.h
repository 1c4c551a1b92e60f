// Answers about flag delivery as people read them in a terminal: where flags come from, which SDKs were seen, and
// whether a flag is sent in full. Pure; texts are shown as terminal_text() by whoever prints them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace sluice::cli {

// Of GET …/flag-source.
std::string flag_source_text(const nlohmann::ordered_json& answer, std::int64_t now_ms);
// Of GET …/sdks. `columns`: the terminal's width; 0: none.
std::string seen_sdks_text(const nlohmann::ordered_json& answer, std::int64_t now_ms, std::size_t columns);
// Of GET flags/{project}/{flag}: one paragraph an environment.
std::string flag_text(const nlohmann::ordered_json& answer, std::int64_t now_ms);

}  // namespace sluice::cli
