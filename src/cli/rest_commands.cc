#include "cli/rest_commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/rest_client.h"
#include "cli/text_table.h"

namespace sluice {
namespace {

using nlohmann::ordered_json;

// A flag of a command: where its value goes in the body (JSON pointer), or, with '?', into the query.
struct Option {
  const char* flag;
  const char* place;
  const char* help;
};

struct Column {
  const char* head;
  const char* place;  // JSON pointer in an item
};

struct Command {
  const char* group;
  const char* verb;
  const char* help;
  std::vector<const char*> arguments;
  const char* method;
  const char* path;  // {0} and so on: the arguments
  std::vector<Option> options = {};
  const char* body = nullptr;          // what the options are put into; null: no body
  std::vector<Column> columns = {};    // of a list's items; none: the answer is shown as JSON
  std::vector<Column> into_body = {};  // arguments that go into the body: {"0", "/key"}
};

const std::vector<Column> kDestinationColumns = {{"ID", "/_id"},
                                                 {"NAME", "/name"},
                                                 {"ON", "/on"},
                                                 {"REGION", "/config/region"},
                                                 {"STREAM", "/config/streamName"},
                                                 {"AT", "/_links/self/href"}};
const std::vector<Option> kSettings = {{"--name", "/name", "Its name"},
                                       {"--region", "/config/region", "The stream's AWS region"},
                                       {"--stream", "/config/streamName", "The data stream's name"},
                                       {"--role-arn", "/config/roleArn", "The role to assume"},
                                       {"--external-id", "/config/externalId", "What the role's trust policy asks for"},
                                       {"--endpoint", "/config/endpoint", "Instead of AWS's, such as a simulator's"},
                                       {"--sts-endpoint", "/config/stsEndpoint", "The same for STS"},
                                       {"--set", "/config", "Any other setting: NAME=VALUE, repeatable"}};

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"project",
       "list",
       "All projects",
       {},
       "GET",
       "projects",
       {},
       nullptr,
       {{"KEY", "/key"}, {"NAME", "/name"}, {"ID", "/_id"}}},
      {"project",
       "create",
       "Make a project",
       {"PROJECT"},
       "POST",
       "projects",
       {{"--name", "/name", "Its name"}, {"--id", "/_id", "An id it has already"}},
       "{}",
       {},
       {{"0", "/key"}}},
      {"project", "delete", "Delete a project and all that is inside", {"PROJECT"}, "DELETE", "projects/{0}"},
      {"environment",
       "list",
       "A project's environments",
       {"PROJECT"},
       "GET",
       "projects/{0}/environments?limit=1000",
       {},
       nullptr,
       {{"KEY", "/key"}, {"NAME", "/name"}, {"ID", "/_id"}, {"FEATURE EVENTS", "/featureEvents"}}},
      {"environment",
       "show",
       "One environment with its keys",
       {"PROJECT", "ENVIRONMENT"},
       "GET",
       "projects/{0}/environments/{1}"},
      {"environment",
       "create",
       "Make an environment",
       {"PROJECT", "ENVIRONMENT"},
       "POST",
       "projects/{0}/environments",
       {{"--name", "/name", "Its name"},
        {"--id", "/_id", "The client-side id that SDKs have already"},
        {"--sdk-key", "/apiKey", "The SDK key that SDKs have already"},
        {"--mobile-key", "/mobileKey", "The mobile key that SDKs have already"}},
       "{}",
       {},
       {{"1", "/key"}}},
      {"environment",
       "delete",
       "Delete an environment and its destinations",
       {"PROJECT", "ENVIRONMENT"},
       "DELETE",
       "projects/{0}/environments/{1}"},
      {"destination", "list", "All destinations", {}, "GET", "destinations", {}, nullptr, kDestinationColumns},
      {"destination", "show", "One destination", {"PROJECT", "ENVIRONMENT", "ID"}, "GET", "destinations/{0}/{1}/{2}"},
      {"destination",
       "create",
       "Make a Kinesis destination, off at first",
       {"PROJECT", "ENVIRONMENT"},
       "POST",
       "destinations/{0}/{1}",
       kSettings,
       R"({"kind":"kinesis","config":{}})"},
      {"destination",
       "update",
       "Change its settings",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "PATCH",
       "destinations/{0}/{1}/{2}",
       kSettings,
       "{}"},
      {"destination",
       "on",
       "Switch it on",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "PATCH",
       "destinations/{0}/{1}/{2}",
       {},
       R"({"on":true})"},
      {"destination",
       "off",
       "Switch it off",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "PATCH",
       "destinations/{0}/{1}/{2}",
       {},
       R"({"on":false})"},
      {"destination",
       "test",
       "Send a test event",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "POST",
       "destinations/{0}/{1}/{2}/test-event"},
      {"destination",
       "status",
       "How it is doing, and what to do",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "GET",
       "destinations/{0}/{1}/{2}/status"},
      {"destination",
       "policies",
       "The IAM policies that it needs",
       {"PROJECT", "ENVIRONMENT", "ID"},
       "GET",
       "destinations/{0}/{1}/{2}/policies"},
      {"destination", "delete", "Delete it", {"PROJECT", "ENVIRONMENT", "ID"}, "DELETE", "destinations/{0}/{1}/{2}"},
      {"flag",
       "list",
       "A project's flags",
       {"PROJECT"},
       "GET",
       "flags/{0}",
       {{"--environment", "?env", "Only of this environment"}},
       nullptr,
       {{"KEY", "/key"}, {"NAME", "/name"}, {"KIND", "/kind"}, {"ENVIRONMENTS", "/environments"}}},
      {"flag",
       "on",
       "Export its evaluations",
       {"PROJECT", "ENVIRONMENT", "FLAG"},
       "PATCH",
       "flags/{0}/{2}",
       {},
       R"({"instructions":[{"kind":"updateTrackEvents","trackEvents":true}]})",
       {},
       {{"1", "/environmentKey"}}},
      {"flag",
       "off",
       "Export them no more",
       {"PROJECT", "ENVIRONMENT", "FLAG"},
       "PATCH",
       "flags/{0}/{2}",
       {},
       R"({"instructions":[{"kind":"updateTrackEvents","trackEvents":false}]})",
       {},
       {{"1", "/environmentKey"}}},
      {"token",
       "list",
       "Access tokens",
       {},
       "GET",
       "tokens",
       {},
       nullptr,
       {{"ID", "/_id"}, {"NAME", "/name"}, {"ROLE", "/role"}, {"ENDS IN", "/token"}}},
      {"token",
       "create",
       "Make one; it is shown this once",
       {"NAME"},
       "POST",
       "tokens",
       {{"--role", "/role", "reader, writer or admin"}},
       "{}",
       {},
       {{"0", "/name"}}},
      {"token", "delete", "Delete one", {"ID"}, "DELETE", "tokens/{0}"},
      {"audit",
       "list",
       "Who changed what, newest first",
       {},
       "GET",
       "auditlog",
       {{"--limit", "?limit", "At most so many, up to 20"}, {"--text", "?q", "With this in title, target or comment"}},
       nullptr,
       {{"TIME (ms)", "/date"}, {"WHAT", "/title"}, {"COMMENT", "/comment"}}},
  };
  return all;
}

const std::map<std::string, const char*>& groups() {
  static const std::map<std::string, const char*> all = {{"project", "Projects of a running server"},
                                                         {"environment", "Environments, with their keys"},
                                                         {"destination", "Destinations: make, test, watch, change"},
                                                         {"flag", "Flags, and which are exported"},
                                                         {"token", "Access tokens of the REST API"},
                                                         {"audit", "The audit log"}};
  return all;
}

// What the command line said of one command.
struct Given {
  std::vector<std::string> arguments;
  std::map<std::string, std::vector<std::string>> options;  // by place
  std::string server, token_file;
  bool json = false;
};

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// A number, true, a list as such; everything else as text.
ordered_json value_of(const std::string& text) {
  ordered_json value = ordered_json::parse(text, nullptr, false);
  return value.is_discarded() || value.is_object() || value.is_null() ? ordered_json(text) : value;
}

Result<RestServer> server_of(const Given& given) {
  RestServer server;
  if (const std::string url = from_environment("SLUICE_SERVER"); !url.empty()) server.url = url;
  if (!given.server.empty()) server.url = given.server;
  if (server.url.find("://") == std::string::npos) server.url = "http://" + server.url;
  while (server.url.ends_with('/')) server.url.pop_back();
  server.token = from_environment("SLUICE_TOKEN");
  if (!given.token_file.empty()) {
    std::ifstream file(given.token_file);
    if (!std::getline(file, server.token))
      return fail(fmt::format("{} cannot be read; expected a file that holds an access token.", given.token_file));
  }
  if (server.token.empty())
    return fail(
        "There is no access token. Set SLUICE_TOKEN, or name a file that holds it with --token-file. The first "
        "start of the server prints one.");
  return server;
}

Result<std::optional<ordered_json>> body_of(const Command& command, const Given& given) {
  if (command.body == nullptr) return std::optional<ordered_json>();
  ordered_json body = ordered_json::parse(command.body);
  for (const Column& argument : command.into_body)
    body[ordered_json::json_pointer(argument.place)] =
        given.arguments[static_cast<std::size_t>(std::atoi(argument.head))];
  for (const auto& [place, values] : given.options) {
    if (place.starts_with('?')) continue;
    for (const std::string& value : values) {
      if (place != "/config") {
        body[ordered_json::json_pointer(place)] = value;
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

std::string path_of(const Command& command, const Given& given) {
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

std::string cell_of(const ordered_json& item, const char* place) {
  const ordered_json::json_pointer pointer(place);
  if (!item.contains(pointer)) return "-";
  const ordered_json& value = item[pointer];
  if (value.is_string()) return value.get<std::string>();
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

// Answers that a person wants to be told rather than shown; empty: this is none.
std::string in_words(const ordered_json& body) {
  const bool has_problem = body.contains("problem") && body["problem"].is_object();
  if (body.contains("delivered") && !has_problem)
    return fmt::format("The test event was delivered in {} ms. Find it by the flag key {} or the id {}.\n",
                       body.value("tookMs", 0), body.value("key", ""), body.value("eventId", ""));
  if (body.contains("delivered")) return "The test event was not delivered. " + problem_in_words(body["problem"]);
  if (!body.contains("summary")) return "";
  return body.value("summary", "") + "\n" + (has_problem ? problem_in_words(body["problem"]) : "");
}

std::string shown(const Command& command, const ordered_json& body) {
  if (body.is_null()) return "Done.\n";
  if (std::string words = in_words(body); !words.empty()) return words;
  if (command.columns.empty() || !body.contains("items"))
    return body.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  std::vector<std::vector<std::string>> rows(1);
  for (const Column& column : command.columns) rows[0].emplace_back(column.head);
  for (const ordered_json& item : body["items"]) {
    rows.emplace_back();
    for (const Column& column : command.columns) rows.back().push_back(cell_of(item, column.place));
  }
  return rows.size() == 1 ? "There are none.\n" : text_table(rows);
}

int run(const Command& command, const Given& given) {
  const auto server = server_of(given);
  const auto body = body_of(command, given);
  if (!server || !body) {
    std::fprintf(stderr, "sluice: %s\n", (!server ? server.error() : body.error()).message.c_str());
    return 2;
  }
  const auto reply = call_rest(*server, command.method, path_of(command, given), *body);
  if (!reply) {
    std::fprintf(stderr, "sluice: %s\n", reply.error().message.c_str());
    return kUnreachable;
  }
  if (reply->status >= 300) {
    const std::string message =
        reply->body.is_object() ? reply->body.value("message", reply->body.dump()) : "no reason given";
    std::fprintf(stderr, "sluice: %s\n", message.c_str());
    return kRefused;
  }
  std::fputs(given.json ? (reply->body.is_null() ? "" : reply->body.dump() + "\n").c_str()
                        : shown(command, reply->body).c_str(),
             stdout);
  const bool undelivered = reply->body.is_object() && !reply->body.value("delivered", true);
  return undelivered ? kRefused : 0;
}

void add_command(CLI::App& group, const Command& command, std::function<int()>& chosen) {
  CLI::App* app = group.add_subcommand(command.verb, command.help);
  const auto given = std::make_shared<Given>();
  given->arguments.resize(command.arguments.size());
  for (std::size_t i = 0; i < command.arguments.size(); ++i)
    app->add_option(command.arguments[i], given->arguments[i])->required()->type_name("");
  for (const Option& option : command.options)
    app->add_option_function<std::vector<std::string>>(
           option.flag,
           [given, place = std::string(option.place)](const std::vector<std::string>& values) {
             given->options[place] = values;
           },
           option.help)
        ->type_name("VALUE")
        ->expected(1)
        ->take_all();
  app->add_option("--server", given->server, "Address of the admin port; variable SLUICE_SERVER")->type_name("URL");
  app->add_option("--token-file", given->token_file, "Holds the access token; or variable SLUICE_TOKEN")
      ->type_name("FILE");
  app->add_flag("--json", given->json, "The server's answer as it is");
  app->callback([&command, given, &chosen] { chosen = [&command, given] { return run(command, *given); }; });
}

}  // namespace

void add_rest_commands(CLI::App& app, std::function<int()>& chosen) {
  std::map<std::string, CLI::App*> made;
  for (const Command& command : commands()) {
    CLI::App*& group = made[command.group];
    if (group == nullptr) {
      group = app.add_subcommand(command.group, groups().at(command.group));
      group->require_subcommand(1);
    }
    add_command(*group, command, chosen);
  }
}

}  // namespace sluice
