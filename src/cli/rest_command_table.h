// The commands that are one REST API call each, as a table: their arguments, and how the answer is shown.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sluice::cli {

// A flag of a command: where its value goes in the body (JSON pointer), or, with '?', into the query.
enum class RestValue : std::uint8_t {
  text,
  json,            // a number, true or false as such
  list,            // texts by comma, or several times
  lines,           // a text each time: what may have commas itself
  removable,       // a text; empty: the setting is removed
  removable_list,  // texts by comma, or several times; empty: the setting is removed
};
struct RestOption {
  std::string flag;
  std::string place;
  std::string help;
  RestValue type = RestValue::text;
};

struct RestColumn {
  const char* head;
  const char* place;  // JSON pointer in an item
};

// What happens with the answer besides showing it.
enum class RestAfter : std::uint8_t { nothing, follow_replay };

// How an answer is shown: as a table where the command has columns, else in words where it says something in words.
enum class RestShown : std::uint8_t { usual, flag_source, seen_sdks, flag };

struct RestCommand {
  std::string group;
  std::string verb;
  std::string help;
  std::vector<const char*> arguments;
  const char* method;
  const char* path;  // {0} and so on: the arguments
  std::vector<RestOption> options = {};
  std::string body = {};                   // what the options are put into; empty: no body
  std::vector<RestColumn> columns = {};    // of a list's items; none: the answer is shown as JSON
  std::vector<RestColumn> into_body = {};  // arguments that go into the body: {"0", "/key"}
  RestAfter after = RestAfter::nothing;
  RestShown shown = RestShown::usual;
};

const std::vector<RestCommand>& rest_command_table();
// What a group of them is about, by its name.
const std::map<std::string, const char*>& rest_command_groups();

}  // namespace sluice::cli
