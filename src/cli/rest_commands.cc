#include "cli/rest_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/counted.h"
#include "base/terminal_text.h"
#include "base/text.h"
#include "base/text_file.h"
#include "cli/flag_delivery_text.h"
#include "cli/rest_client.h"
#include "cli/rest_command_table.h"
#include "cli/server_options.h"
#include "cli/terminal.h"
#include "cli/text_table.h"
#include "server/destination_kinds.h"

namespace sluice::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::milliseconds kReplayPoll{500};
constexpr std::string_view kSelfPlace = "/_links/self/href";
// Options that name a file with JSON. Every other one is a text.
constexpr std::array<std::string_view, 2> kFilePlaces = {"/policy", "/inlineRole"};

// What the command line said of one command.
struct RestArguments {
  std::vector<std::string> arguments;
  std::map<std::string, std::vector<std::string>> options;  // by place
  std::map<std::string, RestValue> types;                   // of the options
  ServerOptions server;
  bool json = false;
};

// A number, true, a list as such; everything else as text.
ordered_json value_of(const std::string& text) {
  ordered_json value = ordered_json::parse(text, nullptr, false);
  return value.is_discarded() || value.is_object() || value.is_null() ? ordered_json(text) : value;
}

// Texts by comma, as one option or as several.
ordered_json list_of(const std::vector<std::string>& values) {
  ordered_json list = ordered_json::array();
  for (const std::string& value : values)
    for (std::size_t start = 0; start <= value.size();) {
      const std::size_t end = std::min(value.find(',', start), value.size());
      if (end > start) list.push_back(value.substr(start, end - start));
      start = end + 1;
    }
  return list;
}

Result<ordered_json> option_value(const std::string& place, const std::string& value) {
  if (std::find(kFilePlaces.begin(), kFilePlaces.end(), place) == kFilePlaces.end()) return ordered_json(value);
  const auto text = read_text_file(value);
  if (!text) return fail(fmt::format("The file cannot be used: {}.", text.error().message));
  ordered_json read = ordered_json::parse(*text, nullptr, false);
  if (read.is_discarded()) return fail(fmt::format("The file {} is not valid JSON.", value));
  return read;
}

Result<std::optional<ordered_json>> body_of(const RestCommand& command, const RestArguments& given) {
  if (command.body.empty()) return std::optional<ordered_json>();
  ordered_json body = ordered_json::parse(command.body);
  for (const RestColumn& argument : command.into_body)
    body[ordered_json::json_pointer(argument.place)] =
        given.arguments[static_cast<std::size_t>(std::atoi(argument.head))];
  for (const auto& [place, values] : given.options) {
    if (place.starts_with('?')) continue;
    const RestValue type = given.types.at(place);
    if (type == RestValue::removable) {
      body[ordered_json::json_pointer(place)] = values.back().empty() ? ordered_json() : ordered_json(values.back());
      continue;
    }
    if (type == RestValue::removable_list) {
      ordered_json list = list_of(values);
      body[ordered_json::json_pointer(place)] = list.empty() ? ordered_json() : std::move(list);
      continue;
    }
    if (type != RestValue::text) {
      body[ordered_json::json_pointer(place)] = type == RestValue::list    ? list_of(values)
                                                : type == RestValue::lines ? ordered_json(values)
                                                                           : value_of(values.back());
      continue;
    }
    for (const std::string& value : values) {
      if (place != "/config") {
        auto one = option_value(place, value);
        if (!one) return tl::unexpected(one.error());
        body[ordered_json::json_pointer(place)] = std::move(*one);
        continue;
      }
      const auto equals = value.find('=');
      if (equals == std::string::npos)
        return fail(fmt::format("--set {}: expected NAME=VALUE, such as maxCallsInFlight=4.", value));
      body["config"][value.substr(0, equals)] = value_of(value.substr(equals + 1));
    }
  }
  return std::optional(std::move(body));
}

std::string path_of(const RestCommand& command, const RestArguments& given) {
  std::string path = command.path;
  for (std::size_t i = 0; i < given.arguments.size(); ++i) {
    const std::string mark = fmt::format("{{{}}}", i);
    if (const auto at = path.find(mark); at != std::string::npos)
      path.replace(at, mark.size(), percent_encoded(given.arguments[i]));
  }
  for (const auto& [place, values] : given.options)
    if (place.starts_with('?'))
      path += fmt::format("{}{}={}", path.find('?') == std::string::npos ? "?" : "&", place.substr(1),
                          percent_encoded(values.front()));
  return path;
}

std::string text_at(const ordered_json& config, const std::string& key) {
  const auto value = config.find(key);
  return value != config.end() && value->is_string() ? value->get<std::string>() : "";
}

// What a destination delivers to: the settings that its kind names for it, or requires.
std::string target_of(const ordered_json& destination) {
  const destinations::DestinationKind* kind = server::destination_kinds().find(destination.value("kind", ""));
  if (kind == nullptr) return "-";
  const destinations::Form& form = kind->form();
  const ordered_json& config = destination["config"];
  std::string text;
  for (const std::string& key : form.target) {
    text = text_at(config, key);
    const auto field = std::ranges::find(form.fields, key, &destinations::FormField::key);
    if (text.empty() && field != form.fields.end()) text = field->default_value;
    if (!text.empty()) return text;
  }
  for (const destinations::FormField& field : form.fields)
    if (const std::string value = field.required ? text_at(config, field.key) : ""; !value.empty())
      text = value + (text.empty() ? "" : ", ") + text;
  return text.empty() ? "-" : text;
}

// "web/production" of a destination's address "/api/v2/destinations/web/production/ID": the id has its own column.
std::string owner_of(const std::string& href) {
  const std::size_t end = href.rfind('/');
  const std::size_t middle = end == std::string::npos || end == 0 ? end : href.rfind('/', end - 1);
  const std::size_t start = middle == std::string::npos || middle == 0 ? middle : href.rfind('/', middle - 1);
  if (start == std::string::npos) return href;
  return href.substr(start + 1, middle - start - 1) + "/" + href.substr(middle + 1, end - middle - 1);
}

std::string cell_of(const ordered_json& item, const char* place) {
  const ordered_json::json_pointer pointer(place);
  if (!item.contains(pointer)) return "-";
  const ordered_json& value = item[pointer];
  if (std::string_view(place) == kSelfPlace) return owner_of(value.get<std::string>());
  if (value.is_string()) return value.get<std::string>();
  if (std::string_view(place) == "/config") return target_of(item);
  if (std::string_view(place) != "/environments") return value.dump();
  std::string switches;  // of a flag
  for (const auto& [key, environment] : value.items())
    switches += fmt::format("{}{}: {}", switches.empty() ? "" : ", ", key,
                            environment.value("trackEvents", false) ? "on" : "off");
  return switches;
}

std::string problem_in_words(const ordered_json& problem) {
  std::string out = problem.value("message", "");
  if (const std::string remedy = problem.value("remedy", ""); !remedy.empty()) out += "\n" + remedy;
  return out + "\n";
}

// What is worth knowing while delivery works, and what to do about it.
std::string notes_in_words(const ordered_json& body) {
  std::string out;
  if (!body.contains("notes") || !body["notes"].is_array()) return out;
  for (const ordered_json& note : body["notes"]) {
    out += fmt::format("\n{} ({}):\n", in_colour("Note", Colour::amber), note.value("code", ""));
    out += indented(note.value("message", ""), 2);
    if (const std::string remedy = note.value("remedy", ""); !remedy.empty()) out += indented(remedy, 2);
  }
  return out;
}

std::string check_in_words(const ordered_json& body) {
  std::string out;
  for (const ordered_json& step : body["steps"]) {
    const std::string status = step.value("status", "");
    out += fmt::format("{}  {}\n", in_colour(fmt::format("{:<8}", status), colour_of(status)), step.value("title", ""));
    out += indented(step.value("message", ""), 10);
    if (const std::string remedy = step.value("remedy", ""); !remedy.empty()) out += indented(remedy, 10);
    if (step.contains("policy") && step["policy"].is_object()) out += indented(step["policy"].dump(2), 10, false);
  }
  return out + (body.value("ok", false) ? "The destination works.\n" : "The destination does not work yet.\n");
}

// Of a test event: `delivered` says whether it was. A retry of dead letters has their number there.
bool is_test_event(const ordered_json& body) {
  return body.is_object() && body.contains("delivered") && body["delivered"].is_boolean();
}

// Of dead letters.
bool is_retry(const ordered_json& body) {
  return body.is_object() && body.contains("retried") && body.contains("left");
}

// The answer as a sentence, for answers that read better so; empty: show it as a table.
std::string in_words(const RestCommand& command, const ordered_json& body) {
  const std::int64_t now_ms = SystemClock().wall_ms();
  if (command.shown == RestShown::flag_source) return flag_source_text(body, now_ms);
  if (command.shown == RestShown::seen_sdks) return seen_sdks_text(body, now_ms, terminal_columns());
  if (command.shown == RestShown::flag) return flag_text(body, now_ms);
  if (body.contains("steps")) return check_in_words(body);
  const bool has_problem = body.contains("problem") && body["problem"].is_object();
  if (is_test_event(body) && !has_problem)
    return fmt::format("The test event was delivered in {} ms{}. Find it by the flag key {} or the id {}.\n",
                       body.value("tookMs", 0), body.contains("where") ? " to " + body.value("where", "") : "",
                       body.value("key", ""), body.value("eventId", ""));
  if (is_test_event(body)) return "The test event was not delivered. " + problem_in_words(body["problem"]);
  if (is_retry(body))
    return fmt::format("Sent again: {}. Delivered: {}. Kept, refused again or not readable: {}.{}\n{}",
                       body.value("retried", 0), body.value("delivered", 0), body.value("kept", 0),
                       body.value("left", false) ? " Others are left: retry again." : "",
                       has_problem ? problem_in_words(body["problem"]) : "");
  if (!body.contains("summary")) return "";
  const std::string state = body.value("state", "");
  return (state.empty() ? "" : in_colour(state, colour_of(state)) + ": ") + body.value("summary", "") + "\n" +
         (has_problem ? problem_in_words(body["problem"]) : "") + notes_in_words(body);
}

// All texts of an answer as a terminal may show them.
ordered_json terminal_safe(ordered_json body) {
  if (body.is_string()) return terminal_text(body.get_ref<const std::string&>());
  if (body.is_structured())
    for (ordered_json& part : body) part = terminal_safe(std::move(part));
  return body;
}

std::string shown(const RestCommand& command, const ordered_json& answer) {
  if (answer.is_null()) return "Done.\n";
  const ordered_json body = terminal_safe(answer);
  if (std::string words = in_words(command, body); !words.empty()) return words;
  if (command.columns.empty() || !body.contains("items"))
    return body.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  std::vector<std::vector<std::string>> rows(1);
  for (const RestColumn& column : command.columns) rows[0].emplace_back(column.head);
  for (const ordered_json& item : body["items"]) {
    rows.emplace_back();
    for (const RestColumn& column : command.columns) rows.back().push_back(cell_of(item, column.place));
  }
  std::string text = rows.size() == 1 ? "None.\n" : text_table(rows, terminal_columns());
  const auto total = body.find("totalCount");
  if (total != body.end() && total->is_number_unsigned() && total->get<std::size_t>() >= rows.size())
    text += fmt::format("{} of {}.\n", rows.size() - 1, total->get<std::size_t>());
  return text;
}

// Shows the progress of a replay until it ends; the replay does not depend on it.
int follow_replay(const RestServer& server, const std::string& replay_path) {
  const std::string path = replay_path.substr(0, replay_path.rfind('/')) + "/status";
  ProgressBar bar("Replaying");
  while (true) {
    const auto reply = call_rest(server, "GET", path, std::nullopt);
    if (!reply) {
      complain(reply.error().message);
      return kUnreachable;
    }
    const ordered_json replay = reply->body.value("replay", ordered_json());
    if (!replay.is_object()) return kRefused;
    const std::string state = replay.value("state", "");
    const std::uint64_t events = replay.value("deliveredEvents", std::uint64_t{0});
    bar.show(replay.value("fraction", 0.0), counted(events, "event"));
    if (state == "running") {
      std::this_thread::sleep_for(kReplayPoll);
      continue;
    }
    bar.end();
    const std::uint64_t refused = replay.value("deadLetteredEvents", std::uint64_t{0});
    std::fprintf(stdout, "The replay is %s: %s delivered.\n", state.c_str(), counted(events, "event").c_str());
    if (refused > 0)
      std::fprintf(stdout, "%s refused by the destination, kept in its dead letters.\n",
                   counted(refused, "event").c_str());
    return state == "done" && refused == 0 ? 0 : kRefused;
  }
}

int run(const RestCommand& command, const RestArguments& given) {
  const auto server = server_of(given.server);
  const auto body = body_of(command, given);
  if (!server || !body) {
    complain((!server ? server.error() : body.error()).message);
    return 2;
  }
  if (std::string_view(command.method) == "PATCH" && body->has_value() && (*body)->empty()) {
    complain(fmt::format("Nothing was given to change. Name a setting and its value: sluice {} {} --help lists them.",
                         command.group, command.verb));
    return 2;
  }
  const auto reply = call_rest(*server, command.method, path_of(command, given), *body);
  if (!reply) {
    complain(reply.error().message);
    return kUnreachable;
  }
  if (reply->status >= 300) {
    const std::string message =
        reply->body.is_object() ? reply->body.value("message", reply->body.dump()) : "No reason given";
    complain(message);
    return kRefused;
  }
  if (!given.json) std::fputs(shown(command, reply->body).c_str(), stdout);
  if (given.json && !reply->body.is_null()) print_json(reply->body.dump() + "\n");
  if (command.after == RestAfter::follow_replay && !given.json) return follow_replay(*server, path_of(command, given));
  const bool failed = reply->body.is_object() && !reply->body.value("ok", true);
  if (failed) return kRefused;
  const bool undelivered = is_test_event(reply->body) && !reply->body["delivered"].get<bool>();
  const bool not_retried = is_retry(reply->body) && reply->body.contains("problem");
  return undelivered || not_retried ? kRefused : 0;
}

void add_command(CLI::App& group, const RestCommand& command, std::function<int()>& chosen) {
  CLI::App* app = group.add_subcommand(command.verb, command.help);
  const auto given = std::make_shared<RestArguments>();
  given->arguments.resize(command.arguments.size());
  for (std::size_t i = 0; i < command.arguments.size(); ++i)
    app->add_option(command.arguments[i], given->arguments[i])->required()->type_name("");
  for (const RestOption& option : command.options)
    app->add_option_function<std::vector<std::string>>(
           option.flag,
           [given, place = option.place, type = option.type](const std::vector<std::string>& values) {
             given->options[place] = values;
             given->types[place] = type;
           },
           option.help)
        ->type_name("VALUE")
        ->expected(1)
        ->take_all();
  add_server_options(*app, given->server);
  app->add_flag("--json", given->json, "Print the server's answer as JSON");
  app->callback([&command, given, &chosen] { chosen = [&command, given] { return run(command, *given); }; });
}

}  // namespace

void add_rest_commands(CLI::App& app, std::function<int()>& chosen) {
  std::map<std::string, CLI::App*> made;
  // A group may be inside another: "destination create".
  const std::function<CLI::App&(const std::string&)> group_named = [&](const std::string& name) -> CLI::App& {
    CLI::App*& group = made[name];
    if (group != nullptr) return *group;
    const std::size_t space = name.rfind(' ');
    CLI::App& parent = space == std::string::npos ? app : group_named(name.substr(0, space));
    group = parent.add_subcommand(space == std::string::npos ? name : name.substr(space + 1),
                                  rest_command_groups().at(name));
    group->require_subcommand(1);
    return *group;
  };
  for (const RestCommand& command : rest_command_table()) add_command(group_named(command.group), command, chosen);
}

}  // namespace sluice::cli
