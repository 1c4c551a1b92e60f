// The errors of a configuration: all at once, each with its place, what was expected, and an example.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::config {

struct ConfigFault {
  std::string
      place;  // "sluice.toml, line 12, destination \"orders\", region" or "variable SLUICE_LISTEN" or "flag --listen"
  std::string message;  // what came, what was expected, an example
  std::string field;    // the key alone; empty where none is meant
  // Of a rule that does not hold for what was stored before it existed: that is still read and run, and refused only
  // when it is saved.
  bool when_saved = false;
};

class ConfigFaults {
 public:
  // The one way in: place and message hold values of strangers, and are kept as a terminal may have them
  // (base/terminal_text.h), whoever prints them.
  void add(std::string_view place, std::string_view message, std::string field = {}, bool when_saved = false);
  bool empty() const { return all_.empty(); }
  const std::vector<ConfigFault>& all() const { return all_; }
  // For a terminal: one paragraph per error, and their number.
  std::string text() const;

 private:
  std::vector<ConfigFault> all_;
};

}  // namespace sluice::config
