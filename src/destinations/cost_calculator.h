// What a kind of destination costs a month, computed from a question in texts: the API and `sluice cost` ask the same.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::destinations {

// A question's values have two names: in a query and on the command line. There, numbers may be short, too: 10M, 1.5G.
enum class CostNames : std::uint8_t { query, flags };
struct CostField {
  const char* query;
  const char* flag;
  double least, most;  // both 0: it is a word
  const char* help;
};

// An answer for a terminal: a sentence, a table with its heading, and where the prices come from.
struct CostTable {
  std::string head;
  std::vector<std::vector<std::string>> rows;
  std::string foot;
};

class CostCalculator {
 public:
  virtual ~CostCalculator() = default;
  virtual std::span<const CostField> fields() const = 0;
  // `texts`: what is given, by its name in a query; empty ones count as not given. An error names the value by `names`.
  virtual Result<nlohmann::ordered_json> answer(const std::map<std::string, std::string>& texts,
                                                CostNames names) const = 0;
  virtual CostTable table(const nlohmann::ordered_json& answer) const = 0;
  // Of the command: what it computes, and how it is used.
  virtual std::string_view summary() const = 0;
  virtual std::string_view examples() const = 0;
};

}  // namespace sluice::destinations
